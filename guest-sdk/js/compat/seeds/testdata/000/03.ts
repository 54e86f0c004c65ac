// ✅ Clean, single-function metrics
async wrapResolve(next, context) {
  const start = Date.now()
  try {
    const result = await next()
    const duration = Date.now() - start
    recordMetrics(context.executor, context.operation, { duration, success: true })
    return result
  } catch (error) {
    const duration = Date.now() - start
    recordMetrics(context.executor, context.operation, { duration, error: true })
    throw error
  }
}
