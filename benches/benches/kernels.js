// What computes: each kernel takes a size and answers something to compare. Run by kernels.rs in a sandbox, and by node.
function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
function integers(n) {
  let x = 0;
  for (let i = 0; i < n; i++) x = (x * 31 + i) | 0;
  return x;
}
function mandelbrot(n) {
  let inside = 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const cx = (column / n) * 3 - 2;
      const cy = (row / n) * 2 - 1;
      let x = 0;
      let y = 0;
      let turns = 0;
      while (turns < 100 && x * x + y * y < 4) {
        const next = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = next;
        turns++;
      }
      if (turns === 100) inside++;
    }
  }
  return inside;
}
function arrays(n) {
  const list = [];
  for (let i = 0; i < n; i++) list.push(i ^ 5);
  let sum = 0;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < list.length; i++) {
      sum = (sum + list[i] * round) | 0;
      list[i] = sum & 1023;
    }
  }
  return sum;
}
function properties(n) {
  const o = { a: 1, b: 2, c: 3, total: 0 };
  for (let i = 0; i < n; i++) {
    o.total = (o.total + o.a * o.b + o.c) & 0xffff;
    o.a = (o.a + 1) & 7;
  }
  return o.total;
}
function counter() {
  let count = 0;
  return {
    up: (by) => {
      count += by;
      return count;
    },
    get: () => count,
  };
}
function closures(n) {
  const one = counter();
  for (let i = 0; i < n; i++) one.up(i & 3);
  return one.get();
}
function sieve(n) {
  const marks = new Uint8Array(n + 1);
  let primes = 0;
  for (let i = 2; i <= n; i++) {
    if (marks[i] === 0) {
      primes++;
      for (let j = i + i; j <= n; j += i) marks[j] = 1;
    }
  }
  return primes;
}
function matrix(n) {
  const a = [];
  const b = [];
  const c = [];
  for (let i = 0; i < n; i++) {
    a.push([]);
    b.push([]);
    c.push([]);
    for (let j = 0; j < n; j++) {
      a[i].push(i + j * 0.5);
      b[i].push(i - j);
      c[i].push(0);
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  }
  return c[n - 1][n - 1];
}
class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  plus(other) {
    return new Point(this.x + other.x, this.y + other.y);
  }
  times(other) {
    return this.x * other.x + this.y * other.y;
  }
}
function objects(n) {
  let point = new Point(0, 0);
  const step = new Point(1, 2);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    point = point.plus(step);
    sum += point.times(step);
    if (sum > 1e6) sum -= 1e6;
  }
  return sum;
}
function strings(n) {
  let text = "";
  for (let i = 0; i < n; i++) text += "item " + i + ",";
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (hash * 33 + text.charCodeAt(i)) | 0;
  return text.length + ":" + hash;
}
function callbacks(n) {
  const list = [];
  for (let i = 0; i < n; i++) list.push(i);
  return list
    .map((x) => x * 2)
    .filter((x) => x % 3 === 0)
    .reduce((sum, x) => sum + x, 0);
}
function sorting(n) {
  const list = [];
  let x = 12345;
  for (let i = 0; i < n; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    list.push({ key: x % 1000, name: "n" + i });
  }
  list.sort((p, q) => p.key - q.key || (p.name < q.name ? -1 : 1));
  return list[0].name + list[n - 1].name;
}
const kernels = { fib, integers, mandelbrot, arrays, properties, closures, sieve, matrix, objects, strings, callbacks, sorting };
