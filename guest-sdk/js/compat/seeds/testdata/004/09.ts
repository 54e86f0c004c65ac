const retryExtension = extension({
  name: "retry",
  wrap: async (scope, next, operation) => {
    const maxRetries = 3
    let lastError: unknown

    for (let i = 0; i < maxRetries; i++) {
      try {
        return await next()
      } catch (error) {
        lastError = error
        console.log(`Retry ${i + 1}/${maxRetries}`)
      }
    }

    throw lastError
  }
})
