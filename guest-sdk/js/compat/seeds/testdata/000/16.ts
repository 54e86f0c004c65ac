init(scope) {
  fetchRemoteConfig().then(config => setupExtension(scope, config))
}
