wrap(scope, next, operation) {
  // Before: inspect operation, modify context
  console.log(`Starting ${operation.kind}`)

  try {
    const result = await next()  // Call inner layers
    // After: transform result, log success
    console.log(`Completed ${operation.kind}`)
    return result
  } catch (error) {
    // Error: handle, transform, or rethrow
    console.error(`Failed ${operation.kind}`, error)
    throw error
  }
}
