const retryExtension = ({ maxRetries = 3, backoffMs = 1000 } = {}): Extension.Extension => {
  const retryStats = new Map()

  const extension = {
    name: 'retry',

    async wrapResolve(next, { operation, executor, scope }) {
      // Only retry resolve operations, not updates
      if (operation !== 'resolve') {
        return next()
      }

      const executorName = name.find(executor) || 'unnamed'
      let attemptCount = 0

      while (attemptCount <= maxRetries) {
        try {
          const result = await next()

          // Success - clear any retry stats
          if (retryStats.has(executorName)) {
            retryStats.delete(executorName)
          }

          return result
        } catch (error) {
          attemptCount++

          // Track retry attempts
          retryStats.set(executorName, {
            attempts: attemptCount,
            lastError: error.message,
            lastAttemptAt: Date.now()
          })

          if (attemptCount > maxRetries || !isRetriableError(error)) {
            throw error
          }

          // Exponential backoff before retry
          const delay = backoffMs * Math.pow(2, attemptCount - 1)
          await new Promise(resolve => setTimeout(resolve, delay))

          // For retries, we need to force re-resolution
          // This would need to be handled at the scope level
        }
      }
    },

    // Expose retry statistics
    getRetryStats() {
      return Object.fromEntries(retryStats)
    },

    getRetryCount(executorName: string) {
      return retryStats.get(executorName)?.attempts || 0
    }
  }

  return extension
}

function isRetriableError(error: any): boolean {
  return error.code === 'NETWORK_ERROR' ||
         error.code === 'TIMEOUT_ERROR' ||
         error.message.includes('rate limit')
}

// Usage:
const retry = retryExtension({ maxRetries: 5, backoffMs: 500 })
scope.useExtension(retry)

// Check retry statistics
console.log(retry.getRetryStats())
