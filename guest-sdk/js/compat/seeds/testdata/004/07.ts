const tracingExtension = extension({
  name: "tracing",
  wrap: (scope, next, operation) => {
    if (operation.kind === "execution" && operation.flow) {
      const traceId = operation.context.get(traceIdTag.key)
      const spanId = crypto.randomUUID()

      console.log(`[trace:${traceId}] Starting span ${spanId}`)
      return next().finally(() => {
        console.log(`[trace:${traceId}] Ending span ${spanId}`)
      })
    }
    return next()
  }
})
