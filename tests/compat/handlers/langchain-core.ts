// langchain-core
import { PromptTemplate } from "@langchain/core/prompts";
export default async () => Response.json(await PromptTemplate.fromTemplate("hi {a}").format({ a: 1 }));
