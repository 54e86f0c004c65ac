export const productionTelemetry = (options: {
  metricsEndpoint?: string
  sampleRate?: number
  enableDevtools?: boolean
}): Extension.Extension => {
  const { metricsEndpoint, sampleRate = 1.0, enableDevtools = false } = options

  return {
    name: 'production-telemetry',

    init(scope) {
      const collector = new MetricsCollector(sampleRate)

      // Resolution performance
      scope.onChange(async (event, executor, value) => {
        if (Math.random() <= sampleRate) {
          collector.record('executor.event', {
            event,
            executor: name.find(executor) || 'unnamed',
            timestamp: Date.now(),
            memoryUsage: process.memoryUsage().heapUsed
          })
        }
      })

      // Error tracking
      scope.onError(async (error, scope) => {
        collector.record('executor.error', {
          error: error.code || error.name,
          message: error.message,
          timestamp: Date.now()
        })
      })

      // Periodic flush
      if (metricsEndpoint) {
        setInterval(() => {
          collector.flush(metricsEndpoint)
        }, 30000)
      }

      // DevTools integration
      if (enableDevtools) {
        setupDevtools(scope)
      }
    },

    async wrapExecute(context, next, execution) {
      const traceId = generateTraceId()
      const { flowName } = execution

      context.set('traceId', traceId)

      const span = {
        traceId,
        flowName,
        startTime: Date.now(),
        parentSpan: context.get('parentSpan')
      }

      try {
        const result = await next()

        if (metricsEndpoint && Math.random() <= sampleRate) {
          sendMetric('flow.execution', {
            ...span,
            duration: Date.now() - span.startTime,
            status: result?.type || 'unknown'
          })
        }

        return result
      } catch (error) {
        sendMetric('flow.error', {
          ...span,
          duration: Date.now() - span.startTime,
          error: error.message
        })
        throw error
      }
    }
  }
}
