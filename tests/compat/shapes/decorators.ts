// TypeScript: decorators
// expect: 200 logged
const seen: string[] = [];
function log(value: Function, context: ClassMethodDecoratorContext) {
  return function (this: unknown, ...args: unknown[]) { seen.push("logged"); return value.apply(this, args); };
}
class Service { @log run() {} }
export default () => { new Service().run(); return new Response(seen.join()); };
