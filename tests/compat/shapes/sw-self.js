// a service worker's listener on self, with work after
// expect: 200 self
self.addEventListener("fetch", (event) => {
  event.waitUntil(Promise.resolve());
  return event.respondWith(new Response("self"));
});
