// Package sandbox runs rewritten modules. It is the only package that imports
// wazero.
//
//	Engine      one wazero runtime, its host modules and its compile cache
//	Code        one compiled module, shared by every extension with that code
//	Template    memory and globals of an instance after init
//	Instance    one linear memory and its functions; one operation at a time
//	Activation  one run of one hook on an instance, with its budgets
//	Pool        instances waiting for work
//
// Mechanism lives here, policy in package runtime: the sandbox knows fuel,
// time, memory and stack, but neither operations nor powers.
package sandbox
