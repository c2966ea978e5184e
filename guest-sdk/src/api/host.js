export const host = HOST; // the natives; bundled as the parameter of the whole prelude
