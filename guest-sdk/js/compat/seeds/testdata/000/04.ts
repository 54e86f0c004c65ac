import { name } from '@pumped-fn/core-next'

const telemetryExtension = (): Extension.Extension => {
  const metrics = new Map()
  let cacheHits = 0
  let cacheMisses = 0

  const extension = {
    name: 'telemetry',

    async wrapResolve(next, { operation, executor, scope }) {
      const executorName = name.find(executor) || 'unnamed'

      if (operation === 'resolve') {
        const hadCache = !!scope.accessor(executor).lookup()

        // Track cache efficiency
        if (hadCache) {
          cacheHits++
        } else {
          cacheMisses++
        }
      }

      const start = performance.now()
      try {
        const result = await next()
        const duration = performance.now() - start

        // Record successful operation metrics
        const currentMetrics = metrics.get(executorName) || {}
        if (operation === 'resolve') {
          metrics.set(executorName, {
            ...currentMetrics,
            lastResolveTime: duration,
            resolveCount: (currentMetrics.resolveCount || 0) + 1,
            lastResolvedAt: Date.now()
          })
        } else {
          metrics.set(executorName, {
            ...currentMetrics,
            lastUpdateTime: duration,
            updateCount: (currentMetrics.updateCount || 0) + 1
          })
        }

        return result
      } catch (error) {
        const duration = performance.now() - start

        // Record failed operation metrics
        const currentMetrics = metrics.get(executorName) || {}
        if (operation === 'resolve') {
          metrics.set(executorName, {
            ...currentMetrics,
            lastErrorTime: duration,
            errorCount: (currentMetrics.errorCount || 0) + 1
          })
        } else {
          metrics.set(executorName, {
            ...currentMetrics,
            lastUpdateErrorTime: duration
          })
        }

        throw error
      }
    },

    // Expose metrics as extension methods
    getMetrics() {
      return {
        cache: {
          hits: cacheHits,
          misses: cacheMisses,
          ratio: cacheHits / (cacheHits + cacheMisses) || 0
        },
        executors: Object.fromEntries(metrics)
      }
    },

    getCacheStats() {
      return { hits: cacheHits, misses: cacheMisses }
    },

    getExecutorMetrics(executorName?: string) {
      return executorName ? metrics.get(executorName) : Object.fromEntries(metrics)
    }
  }

  return extension
}

// Usage:
const telemetry = telemetryExtension()
scope.useExtension(telemetry)

// Access metrics directly from extension instance
console.log(telemetry.getMetrics())
console.log(telemetry.getCacheStats())
