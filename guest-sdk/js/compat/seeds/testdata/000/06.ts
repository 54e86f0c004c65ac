const tracingExtension = (): Extension.Extension => ({
  name: 'execution-tracer',

  initPod(pod, context) {
    const traces = []
    context.set('traces', traces)
    context.set('currentSpan', null)
  },

  async wrapExecute(context, next, execution) {
    const traces = context.get('traces')
    const parentSpan = context.get('currentSpan')

    const { flowName, depth, isParallel, parentFlowName } = execution

    const span = {
      id: `${Date.now()}-${Math.random()}`,
      name: flowName || 'unknown',
      startTime: performance.now(),
      depth,
      isParallel,
      parentFlowName,
      parent: parentSpan?.id,
      children: [],
      status: 'running'
    }

    traces.push(span)
    if (parentSpan) {
      parentSpan.children.push(span.id)
    }

    context.set('currentSpan', span)

    try {
      const result = await next()
      span.endTime = performance.now()
      span.duration = span.endTime - span.startTime
      span.status = result?.type === 'ko' ? 'error' : 'success'
      return result
    } catch (error) {
      span.endTime = performance.now()
      span.duration = span.endTime - span.startTime
      span.status = 'exception'
      span.error = error.message
      throw error
    } finally {
      context.set('currentSpan', parentSpan)
    }
  }
})
