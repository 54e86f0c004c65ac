const cachingExtension = extension({
  name: "caching",
  init: (scope) => {
    const cache = new Map()
    scope.set("cache", cache)
  },
  wrap: (scope, next, operation) => {
    if (operation.kind !== "execution") return next()

    const key = operation.key
    if (!key) return next()

    const cache = scope.get("cache")
    if (cache.has(key)) {
      return Promised.create(Promise.resolve(cache.get(key)))
    }

    return next().map((result) => {
      cache.set(key, result)
      return result
    })
  },
  dispose: (scope) => {
    scope.get("cache")?.clear()
  }
})
