// Lets extensions run in node's test runner:
//
//	node --import ./testing/register.js --test
import { register } from "node:module";

const here = new URL("./", import.meta.url).href;

register(`data:text/javascript,${encodeURIComponent(`
	const names = { "aril": "aril.js", "aril/testing": "host.js", "aril/compat": "../compat/compat.js" };
	export function resolve(name, context, next) {
		return Object.hasOwn(names, name) ? { url: new URL(names[name], ${JSON.stringify(here)}).href, shortCircuit: true, format: "module" } : next(name, context);
	}
`)}`);
