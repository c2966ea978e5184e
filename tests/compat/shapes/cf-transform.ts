// Cloudflare: a stream that is transformed
// expect: 200 HELLO
export default {
  fetch() {
    const { readable, writable } = new TransformStream({ transform(chunk, controller) { controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase())); } });
    new Blob(["hello"]).stream().pipeTo(writable);
    return new Response(readable);
  },
};
