onError(error, scope) {
  // Log to external service
  errorReporter.capture(error)
}
