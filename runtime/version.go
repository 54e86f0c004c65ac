package runtime

// Version is what guests are told of the host's implementation, for their
// logs. The ABI's version is in the names of modules and exports.
const Version = "0.1.0"
