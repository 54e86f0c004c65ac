const loggingExtension = extension({
  name: "logging",
  wrap: (scope, next, operation) => {
    const start = Date.now()
    console.log(`[${operation.kind}] Starting`)

    return next()
      .map((result) => {
        console.log(`[${operation.kind}] Completed in ${Date.now() - start}ms`)
        return result
      })
      .mapError((error) => {
        console.error(`[${operation.kind}] Failed:`, error)
        throw error
      })
  }
})
