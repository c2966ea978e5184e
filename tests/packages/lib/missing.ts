import nothing from "a-package-that-is-not-installed/part";
export default nothing;
