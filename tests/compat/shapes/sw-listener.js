// a service worker's listener
// expect: 200 from a listener
addEventListener("fetch", (event) => {
  event.respondWith(handleRequest(event.request));
});
async function handleRequest(request) {
  return new Response("from a listener", { headers: { "content-type": "text/plain" } });
}
