import { name } from '@pumped-fn/core-next'

const devtoolsExtension = (port = 9001): Extension.Extension => ({
  name: 'devtools',

  init(scope) {
    const wss = new WebSocketServer({ port })
    const clients = new Set()

    wss.on('connection', (ws) => {
      clients.add(ws)

      // Send initial state
      ws.send(JSON.stringify({
        type: 'initial-state',
        executors: scope.entries().map(([exec, accessor]) => ({
          name: name.find(exec) || 'unnamed',
          resolved: !!accessor.lookup(),
          value: accessor.lookup()?.kind === 'resolved' ? accessor.get() : null
        }))
      }))

      ws.on('close', () => clients.delete(ws))

      // Handle remote commands
      ws.on('message', async (data) => {
        const { type, payload } = JSON.parse(data)

        if (type === 'update-executor') {
          const [executor] = scope.entries().find(([e]) => name.find(e) === payload.name) || []
          if (executor) {
            await scope.update(executor, payload.value)
          }
        }

        if (type === 'release-executor') {
          const [executor] = scope.entries().find(([e]) => name.find(e) === payload.name) || []
          if (executor) {
            await scope.release(executor)
          }
        }
      })
    })

    // Broadcast state changes
    scope.onChange((event, executor, value) => {
      const message = JSON.stringify({
        type: 'state-change',
        event,
        executor: name.find(executor) || 'unnamed',
        value: event === 'resolve' ? value : null,
        timestamp: Date.now()
      })

      clients.forEach(ws => ws.send(message))
    })
  },

  dispose() {
    wss.close()
  }
})
