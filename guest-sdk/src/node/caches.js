// `caches`: what is put in is not kept. An invocation ends before anybody could ask for it again, and what outlives
// one is `ctx.kv`.

class Cache {
  async match() {
    return undefined;
  }
  async matchAll() {
    return [];
  }
  async put(request, response) {
    // It is read to its end, as one that is kept would be.
    await response.body?.cancel();
  }
  async add() {}
  async addAll() {}
  async delete() {
    return false;
  }
  async keys() {
    return [];
  }
}

class CacheStorage {
  #only = new Cache();
  get default() {
    return this.#only;
  }
  async open() {
    return this.#only;
  }
  async match() {
    return undefined;
  }
  async has() {
    return false;
  }
  async delete() {
    return false;
  }
  async keys() {
    return [];
  }
}

export const caches = new CacheStorage();
