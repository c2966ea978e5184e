import { marked } from "marked";

const text = "# Title\n\nSome *text* with `code`, a [link](https://example.org) and\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

export default async (): Promise<Response> => new Response(await marked.parse(text));
