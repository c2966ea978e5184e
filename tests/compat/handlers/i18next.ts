// i18next
import i18next from "i18next";
export default async () => { await i18next.init({ lng: "en", showSupportNotice: false, resources: { en: { translation: { a_one: "{{count}} thing", a_other: "{{count}} things" } } } }); return Response.json([i18next.t("a", { count: 1 }), i18next.t("a", { count: 2 })]); };
