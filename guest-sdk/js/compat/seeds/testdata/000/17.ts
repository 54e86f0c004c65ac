import { name } from '@pumped-fn/core-next'

const stateTrackingExtension: Extension.Extension = {
  name: 'state-tracking',
  init(scope) {
    scope.onChange((event, executor, value) => {
      // Track state changes, controller actions, display updates
      const executorName = name.find(executor) || 'unnamed'
      if (executorName.includes('state')) logStateChange(value)
      if (executorName.includes('controller')) logControllerAction(value)
      if (executorName.includes('display')) logDisplayUpdate(value)
    })
  }
}
