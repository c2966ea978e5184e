// vue
import { createSSRApp, h } from "vue";
import { renderToString } from "vue/server-renderer";
export default async () => new Response(await renderToString(createSSRApp({ data: () => ({ n: 1 }), render() { return h("p", this.n); } })));
