import { cloneDeep, debounce, groupBy, merge, orderBy, template } from "lodash-es";

export default async (): Promise<Response> => {
  const people = [{ name: "Ann", age: 3 }, { name: "Bob", age: 5 }, { name: "Cid", age: 3 }];
  const deep = { a: { b: [1, new Date(0)] }, m: new Map([["k", { v: 1 }]]) };
  const copy = cloneDeep(deep);
  let calls = 0;
  const often = debounce(() => calls++, 1);
  often();
  often();
  await new Promise((resolve) => setTimeout(resolve, 10));
  return Response.json([
    Object.keys(groupBy(people, "age")),
    orderBy(people, ["age", "name"], ["desc", "desc"]).map(({ name }) => name),
    merge({ a: { x: 1 } }, { a: { y: 2 } }),
    copy.m !== deep.m && copy.m.get("k")?.v === 1 && copy.a.b[1] instanceof Date,
    template("hi <%= who %>")({ who: "you" }),
    calls,
  ]);
};
