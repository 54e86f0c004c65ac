const performanceExtension: Extension.Extension = {
  name: 'performance-monitor',

  async wrapExecute(context, next, execution) {
    const start = performance.now()
    const result = await next()
    const duration = performance.now() - start

    // Access flow context
    const { flowName, depth, isParallel } = execution

    // Store metrics in context for parent flows
    const metrics = context.get('performance') || []
    metrics.push({ flowName, depth, isParallel, duration })
    context.set('performance', metrics)

    return result
  }
}

// Usage with flow execution
const result = await flow.execute(handler, input, {
  extensions: [performanceExtension]
})
