// The smallest extension that passes through.
export default { wrap(op, next) { return next(); } };
