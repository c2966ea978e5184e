// markdown-it
import MarkdownIt from "markdown-it";
export default () => new Response(new MarkdownIt({ linkify: true }).render("# a\n\nhttps://x.com **b**"));
