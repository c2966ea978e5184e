// Writes cases.json beside it: what Node itself answers to these. Run it with Node 20 or newer after a change here.
import { writeFileSync } from "node:fs";

const all = {
  "node:buffer": [
    "['utf8', 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex', 'binary', 'ucs2'].map(e => JSON.stringify(Buffer.from('hé€😀', 'utf8').toString(e)))",
    "[['aGk', 'base64'], ['a G-k_=x', 'base64'], ['aGkx', 'base64url'], ['6869zz', 'hex'], ['686', 'hex'], ['hi', 'ucs2'], ['ÿ€', 'latin1'], ['\\ud83d', 'utf8']].map(([t, e]) => [...Buffer.from(t, e)])",
    "[Buffer.from([1, 2, 257]), Buffer.from(new Uint16Array([1, 300])), Buffer.from(new Uint8Array([7, 8, 9]).buffer, 1, 2), Buffer.from({ type: 'Buffer', data: [5] }), Buffer.from(new String('s')), Buffer.alloc(3, 'ab'), Buffer.concat([Buffer.from('a'), new Uint8Array([98])], 3), Buffer.concat([Buffer.from('abc'), Buffer.from('def')], 4), Buffer.of(1, 2), Buffer.copyBytesFrom(new Uint16Array([1, 2, 3]), 1, 1)].map(b => b.toString('hex'))",
    "[() => Buffer.from(5), () => Buffer.from(null), () => Buffer.alloc(-1), () => Buffer.from('a', 'nope'), () => Buffer.concat('a'), () => Buffer.byteLength(5)].map(f => { try { f() } catch (e) { return [e.name, e.code] } })",
    "[new Buffer('old').toString(), Buffer(2).length, Buffer.byteLength('€'), Buffer.byteLength('aGk=', 'base64'), Buffer.byteLength('abc', 'hex'), Buffer.byteLength(new ArrayBuffer(3)), Buffer.isEncoding('UTF-8'), Buffer.isEncoding('utf9'), Buffer.isBuffer(new Uint8Array(1))]",
    "(() => { const b = Buffer.alloc(8); const r = []; b.writeUInt32BE(0xdeadbeef, 0); r.push(b.readUInt32LE(0), b.readInt16BE(2), b.readUIntBE(0, 3), b.readIntLE(0, 6), b.readUint16LE()); b.writeDoubleLE(1.5); r.push(b.readDoubleLE()); b.writeFloatBE(-0.5, 4); r.push(b.readFloatBE(4)); b.writeBigInt64LE(-2n); r.push(String(b.readBigUInt64LE()), String(b.readBigInt64BE())); r.push(b.writeIntBE(-5, 1, 6), b.readIntBE(1, 6), b.readUint8(1), b.writeUIntLE(0x123456, 0, 3), b.toString('hex'), b.writeInt8(-1, 7)); return r })()",
    "[() => Buffer.alloc(2).readUInt32LE(0), () => Buffer.alloc(4).readInt8(4), () => Buffer.alloc(4).writeUInt8(256), () => Buffer.alloc(4).readInt8(0.5), () => Buffer.alloc(4).readInt8('0'), () => Buffer.alloc(8).readUIntLE(0, 7), () => Buffer.alloc(3).swap16()].map(f => { try { f() } catch (e) { return e.code } })",
    "(() => { const b = Buffer.from('abcdef'); const s = b.slice(1, -1); const u = b.subarray(2); s[0] = 88; return [String(b), s instanceof Buffer, Buffer.isBuffer(u), u.toString(), Buffer.isBuffer(b.map(x => x + 1)), b instanceof Uint8Array, b.copy(Buffer.alloc(3)), b.fill('xy', 1, 4).toString(), b.fill(0x161, 5).toString(), b.toString('utf8', 1, 3), [...b.entries()].length, b.slice(-2).toString(), Buffer.isBuffer(b.filter(x => x > 98))] })()",
    "(() => { const b = Buffer.from('this is a buffer is'); return [b.indexOf('is'), b.lastIndexOf('is'), b.indexOf(Buffer.from('buf')), b.includes('nope'), b.indexOf('is', 3), b.lastIndexOf('is', -4), b.indexOf(98), b.indexOf(''), b.indexOf('is', -2), b.lastIndexOf('this', 0), b.indexOf('7468', 'hex'), b.lastIndexOf('is', 4)] })()",
    "[Buffer.from('a').equals(Buffer.from('a')), Buffer.compare(Buffer.from('a'), Buffer.from('b')), Buffer.from('abc').compare(Buffer.from('xbc'), 1, 3, 1), JSON.stringify(Buffer.from('hi')), Buffer.from('abcd').swap16().toString(), Buffer.from('abcdefgh').swap64().toString(), Buffer.from('abcd').swap32().toString()]",
    "(() => { const b = Buffer.alloc(4); return [b.write('a€€'), b.toString('hex'), b.write('zz', 2), b.write('ff', 'hex'), b.write('abcdef', 1, 2), b.write('aé', 2, 'latin1'), b.toString('hex')] })()",
    "(() => { const d = new StringDecoder('utf8'); const euro = Buffer.from('€'); const b = new StringDecoder('base64'); const u = new StringDecoder('utf16le'); const smile = Buffer.from('😀', 'utf16le'); return [d.write(euro.subarray(0, 2)), d.write(euro.subarray(2)), d.end(euro.subarray(0, 1)), b.write(Buffer.from('abcd')), b.end(), u.write(smile.subarray(0, 2)), u.write(smile.subarray(2, 3)), u.write(smile.subarray(3)), new StringDecoder('hex').end(euro)] })()",
    "[util.inspect(Buffer.from('hi')), util.inspect({ b: Buffer.from('a') }), buffer.isUtf8(Buffer.from([0xff])), buffer.isAscii(Buffer.from('a')), typeof buffer.constants.MAX_LENGTH, buffer.btoa('hi')]",
  ],
  "node:crypto": [
    "['md5', 'sha1', 'sha256', 'SHA-384', 'RSA-SHA512'].map(name => crypto.createHash(name).update('ab').update(Buffer.from('c')).digest('hex'))",
    "['sha1', 'sha256', 'sha512'].map(name => [crypto.createHmac(name, 'key').update('data').digest('base64'), crypto.createHmac(name, Buffer.alloc(200, 1)).update('64', 'hex').digest('base64url')])",
    "(() => { const h = crypto.createHash('sha256').update('a'); const c = h.copy(); const seen = [c.update('b').digest('hex'), h.digest('hex')]; for (const f of [() => h.update('x'), () => h.digest(), () => h.copy(), () => crypto.createHash('sha256').update(5)]) { try { f() } catch (e) { seen.push(e.code) } } return seen })()",
    "(() => { const big = Buffer.alloc(200000, 'abc'); const h = crypto.createHash('sha512').update(big.subarray(0, 100000)); const c = h.copy(); return [h.update(big.subarray(100000)).digest('hex'), c.digest('hex')] })()",
    "[crypto.pbkdf2Sync('password', 'salt', 10, 20, 'sha512').toString('hex'), Buffer.from(crypto.hkdfSync('sha256', 'key', 'salt', 'info', 42)).toString('hex'), crypto.scryptSync('password', 'NaCl', 32, { N: 1024, r: 8, p: 1 }).toString('hex')]",
    "await Promise.all([new Promise((y, n) => crypto.pbkdf2('p', 's', 5000, 8, 'sha256', (e, k) => e ? n(e) : y(k.toString('hex')))), util.promisify(crypto.scrypt)('p', 's', 8, { N: 16 }).then(k => k.toString('hex')), util.promisify(crypto.hkdf)('sha512', 'k', 's', 'i', 8).then(k => Buffer.from(k).toString('hex')), util.promisify(crypto.randomBytes)(4).then(b => b.length)])",
    "[crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('a')), crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('b')), crypto.randomBytes(70000).length, /^[0-9a-f-]{36}$/.test(crypto.randomUUID()), Array.from({ length: 50 }, () => crypto.randomInt(3)).every(n => [0, 1, 2].includes(n)), crypto.randomInt(5, 6), crypto.randomFillSync(new Uint8Array(4)).length, crypto.getRandomValues(new Uint8Array(2)).length, crypto.webcrypto.subtle === crypto.subtle]",
    "[2432, 2431].map(maxmem => { try { return crypto.scryptSync('p', 's', 4, { N: 16, r: 1, p: 1, maxmem }).toString('hex') } catch (e) { return e.name } })",
    "[32768, 16384, 15].map(N => { try { return crypto.scryptSync('p', 's', 4, { N }).toString('hex') } catch (e) { return e.name } })",
    "[65536, 65537].map(size => crypto.createHash('md5').update(Buffer.alloc(size - 1, 'x')).update('y').digest('hex'))",
    "[2 ** 48 - 1, 2 ** 48].map(max => { try { return typeof crypto.randomInt(max) } catch (e) { return e.code } })",
    "[() => crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('ab')), () => crypto.randomInt(1, 1), () => crypto.randomInt('a'), () => crypto.randomBytes(-1)].map(f => { try { f() } catch (e) { return e.code } })",
  ],
  "node:util": [
    "[util.format('%s is %d years and %i, %j %o %%', 'Ann', 42, 4.5, { a: 1 }, 'x'), util.format('a', 'b', { c: 1 }), util.format('%s')]",
    "[util.inspect({ a: { b: { c: { d: 1 } } } }), util.inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 }), util.inspect({ a: { b: { c: { d: { e: 1 } } } } }, false, null), util.inspect({ [util.inspect.custom]() { return 'mine' } }), util.inspect({ a: { [util.inspect.custom](depth, options, inspect) { return options.stylize('P', 'special') + inspect({ x: { y: { z: 1 } } }, { ...options, depth: 0 }) + inspect([1]) } } }), util.inspect(new Map([['k', { [util.inspect.custom](depth) { return { depth } } }]]))]",
    "await Promise.all([util.promisify((a, done) => done(null, a + 1))(1), util.promisify(done => done(new Error('no')))().catch(e => e.message), new Promise(y => util.callbackify(async x => x * 2)(4, (e, v) => y([e, v]))), new Promise(y => util.callbackify(async () => { throw null })(e => y(e.code)))])",
    "[[{ a: [1, { b: new Date(5) }] }, { a: [1, { b: new Date(5) }] }], [new Map([[{}, 1]]), new Map([[{}, 1]])], [new Set([1, [2]]), new Set([[2], 1])], [[1], ['1']], [NaN, NaN], [0, -0], [/a/g, /a/g], [/a/g, /a/i], [new Uint8Array([1]), new Uint8Array([2])], [new Error('a'), new Error('b')], [{ a: undefined }, {}], [Object(1), Object(1)], [[, 1], [undefined, 1]], [new Map([[1, 2]]), new Map([[1, 3]])], [class {}, class {}]].map(([a, b]) => util.isDeepStrictEqual(a, b))",
    "(() => { const a = { x: 1 }; a.self = a; const b = { x: 1 }; b.self = b; return util.isDeepStrictEqual(a, b) })()",
    "(() => { function A() {} function B() {} util.inherits(A, B); const old = util.deprecate(x => x + 1, 'old'); return [A.super_ === B, new A() instanceof B, util.stripVTControlCharacters('\\u001b[31mred\\u001b[0m'), util.types.isDate(new Date()), util.types.isRegExp({}), util.types.isPromise(Promise.resolve()), util.types.isUint8Array(Buffer.alloc(1)), util.types.isNativeError(new TypeError()), util.types.isAsyncFunction(async () => {}), util.types.isGeneratorFunction(function* () {}), util.types.isMap(new Map()), util.types.isBoxedPrimitive(Object(1n)), util.isArray([])] })()",
  ],
  "node:assert": [
    "[() => assert(1), () => assert(0), () => assert.ok(0, 'said'), () => assert.equal(1, '1'), () => assert.strictEqual(1, '1'), () => assert.deepEqual({ a: 1 }, { a: '1' }), () => assert.deepStrictEqual({ a: 1 }, { a: '1' }), () => assert.notEqual(1, 1), () => assert.notDeepStrictEqual([1], [1]), () => assert.match('abc', /x/), () => assert.doesNotMatch('abc', /x/), () => assert.ifError(null), () => assert.ifError(new Error('e')), () => assert.fail('f'), () => strict.equal(1, '1'), () => assert.ok(0, new RangeError('mine'))].map(f => { try { f(); return 'ok' } catch (e) { return [e.name, e.code ?? null, e.operator ?? null] } })",
    "[() => assert.throws(() => { throw new TypeError('bad') }), () => assert.throws(() => {}), () => assert.throws(() => { throw new TypeError('bad') }, TypeError), () => assert.throws(() => { throw new TypeError('bad') }, RangeError), () => assert.throws(() => { throw new TypeError('bad') }, /bad/), () => assert.throws(() => { throw new TypeError('bad') }, /good/), () => assert.throws(() => { throw new TypeError('bad') }, { name: 'TypeError', message: /ba/ }), () => assert.throws(() => { throw new TypeError('bad') }, { name: 'Other' }), () => assert.throws(() => { throw 1 }, e => e === 1), () => assert.doesNotThrow(() => { throw new Error('x') })].map(f => { try { f(); return 'ok' } catch (e) { return [e.name, e.code ?? null] } })",
    "await Promise.all([assert.rejects(Promise.reject(new Error('a')), /a/), assert.rejects(async () => { throw new Error('a') }, { message: 'a' }), assert.rejects(async () => 1), assert.doesNotReject(async () => 1), assert.doesNotReject(Promise.reject(new Error('z')))].map(p => p.then(() => 'ok', e => e.code)))",
    "[assert.strict === strict, assert.AssertionError === strict.AssertionError, new assert.AssertionError({ message: 'm', actual: 1, expected: 2, operator: 'o' }).message, typeof assert.default]",
  ],
  "node:path": [
    "['/a/b/../c/./d//e/', '', '.', '..', '../../a', 'a/..', './a', '/', '//a', 'a//b/'].map(p => [path.normalize(p), path.dirname(p), path.basename(p), path.extname(p), path.isAbsolute(p), path.parse(p)])",
    "['a.b.c', '.profile', 'a.', '..', 'a/b.txt/', '.a.b', 'x/.y', 'a..b'].map(p => [path.extname(p), path.basename(p, '.c'), path.parse(p).name])",
    "[path.join('/a', '..', '../b', 'c/'), path.join(''), path.join('a', '', 'b'), path.resolve('/a', 'b', '../c'), path.resolve('/a', '/b', 'c/'), path.relative('/a/b/c', '/a/d'), path.relative('/a', '/a'), path.relative('/a', '/a/b'), path.format({ dir: '/x', name: 'f', ext: 'txt' }), path.format({ root: '/', base: 'f' }), path.basename('/a/b.html', '.html'), path.sep, path.delimiter, path.posix === path]",
    "[path.win32.join('C:\\\\a', '..', 'b/c'), path.win32.basename('C:\\\\a\\\\b.txt', '.txt'), path.win32.extname('a\\\\b.txt'), path.win32.isAbsolute('C:\\\\a'), path.win32.isAbsolute('a\\\\b'), path.win32.dirname('C:\\\\a\\\\b'), path.win32.normalize('C:/a/../b'), path.win32.sep]",
    "[() => path.join(1), () => path.basename(null)].map(f => { try { f() } catch (e) { return e.code } })",
  ],
  "node:url": [
    "['http://user:pa%20ss@Host.com:8080/p/a/t/h?query=string#hash', '/a?b=c#d', 'mailto:a@b.c', 'javascript:x', '//h/p', 'file:///etc/x', 'http://[::1]:3/', 'a/b', 'https://x.org'].map(u => { const { protocol, slashes, auth, host, port, hostname, hash, search, query, pathname, path, href } = url.parse(u); return { protocol, slashes, auth, host, port, hostname, hash, search, query, pathname, path, href } })",
    "[url.parse('/a?b=c&b=d', true).query.b, url.parse('//h:1/p?q', false, true).host, url.format({ protocol: 'https', hostname: 'x.org', port: 1, pathname: 'p', query: { a: [1, 2], b: 'c d' }, hash: 'h' }), url.format(new URL('https://u:p@x.org/p?q#h'), { auth: false, fragment: false, search: false }), url.format({ host: 'a', protocol: 'mailto' }), url.format('http://A.com')]",
    "[['/one/two/three', 'four'], ['http://example.com/', '/one'], ['http://example.com/one', '/two'], ['/one/two', '../x?y'], ['http://a.com/b', 'https://c.com/d'], ['a/b', 'c'], ['/a', '//h/x'], ['http://a.com/b?c', '?d']].map(([a, b]) => url.resolve(a, b))",
    "[url.fileURLToPath('file:///a%20b/c'), url.pathToFileURL('/a b/#c?d%e').href, url.pathToFileURL('/x/').href, url.urlToHttpOptions(new URL('https://a:b@x.org:8/p?q')).auth, url.urlToHttpOptions(new URL('https://x.org:8/p?q')).path, url.domainToASCII('español.com'), url.URL === URL]",
    "[() => url.fileURLToPath('http://a'), () => url.fileURLToPath(1), () => url.fileURLToPath('file://h/x')].map(f => { try { f() } catch (e) { return e.code } })",
    "[querystring.stringify({ a: ['b', 1, true], c: '', d: null, 'é &': '=' }), querystring.parse('a=b&a=1&c&=d&e=%C3%A9+x&f=%zz&&a=2'), querystring.stringify({ a: 1, b: 2 }, ';', ':'), querystring.parse('a:1;b:2', ';', ':'), querystring.parse('a=1&b=2&c=3', null, null, { maxKeys: 2 }), querystring.escape('a b/ç'), querystring.unescape('%41%zz'), querystring.encode === querystring.stringify]",
  ],
};

const IMPORTS = `import assert, { strict } from "node:assert"; import * as buffer from "node:buffer"; import { Buffer } from "node:buffer";
import crypto from "node:crypto"; import path from "node:path"; import querystring from "node:querystring";
import { StringDecoder } from "node:string_decoder"; import url from "node:url"; import util from "node:util";`;

const cases = [];
for (const [module, expressions] of Object.entries(all)) {
  for (const expression of expressions) {
    const source = `data:text/javascript,${encodeURIComponent(`${IMPORTS}\nexport default JSON.stringify(await (async () => (${expression}))());`)}`;
    cases.push({ module, expression, expected: JSON.parse((await import(source)).default) });
  }
}
writeFileSync(new URL("cases.json", import.meta.url), `${JSON.stringify({ imports: IMPORTS, cases }, null, 1)}\n`);
