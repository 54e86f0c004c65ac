export default {
	outputHandler(context) { return { data: { hello: context.instance.key } }; },
};
