const flowAuditExtension: Extension.Extension = {
  name: 'audit-trail',

  async wrapExecute(context, next, execution) {
    const { flowName } = execution
    const input = context.input

    auditLog.record({ type: 'flow-start', flow: flowName, input })

    try {
      const result = await next()
      auditLog.record({ type: 'flow-end', flow: flowName, result })
      return result
    } catch (error) {
      auditLog.record({ type: 'flow-error', flow: flowName, error })
      throw error
    }
  }
}
