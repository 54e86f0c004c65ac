// What the blocks import from "@pumped-fn/core-next".
export * from "aril/compat";
export const createScope = (options) => options;
export const provide = undefined, derive = undefined, flow = undefined, accessor = undefined;
