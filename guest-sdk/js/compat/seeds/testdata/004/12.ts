const myExt = extension({
  name: "my-extension",
  wrap: (scope, next, operation) => next()
})
