//! Which file an import means, where esbuild alone does not know: `npm:` and `jsr:`, import maps, Node's modules, what a
//! package has for browsers, and texts.

use std::path::{Path, PathBuf};

use mayfly_runtime::{BCRYPT, node_module};

use super::browser::{BrowserMaps, Replaced};
use super::import_map::ImportMap;
use super::packet::Said;
use super::service::{Questions, Reply};

const RESOLVED: u32 = 1;
const LOADED: u32 = 2;
/// Marks what we ask ourselves: esbuild asks us about that, too.
const OURS: u32 = 1;
/// The namespace of files that a package leaves out for browsers.
const NOTHING: &str = "nothing";
/// The namespace of the one module that stands for Deno's old server.
const SERVER: &str = "server";
const SERVER_TEXT: &str = "export const serve = (handler, options) => Deno.serve(options ?? {}, handler);\n";
/// The extensions of files that are imported as their text.
const TEXTS: [&str; 21] = [
    "sql", "md", "markdown", "html", "htm", "txt", "css", "csv", "xml", "svg", "graphql", "gql", "hbs",
    "ejs", "mustache", "njk", "yaml", "yml", "toml", "pem", "tpl",
];

/// Packages whose file for browsers is another thing than theirs for Node, which runs here.
const FOR_NODE: [(&str, &str); 2] = [("form-data", "form-data/lib/form_data.js"), ("pino", "pino/pino.js")];

pub(super) struct Resolver<'a> {
    pub(super) import_map: &'a ImportMap,
    pub(super) maps: &'a BrowserMaps,
    /// Whether every file may be imported as text, and not only those with the extension of one.
    pub(super) attributes: bool,
}

impl Resolver<'_> {
    /// What esbuild is told of it.
    pub(super) fn plugin(&self) -> Said {
        let on = |number, filter: &str, namespace: &str| {
            Said::map([
                ("id", Said::Number(number)),
                ("filter", filter.into()),
                ("namespace", namespace.into()),
            ])
        };
        // Each question costs a tenth of a millisecond: all imports are asked for only where that is needed.
        let filter = match () {
            () if !self.maps.is_empty() => ".*",
            () if !self.import_map.is_empty() => "^[^./]",
            () => r"^([a-z][a-z0-9+.-]*:|//|[a-z_0-9-]+(/[a-z_0-9]+)?$)",
        };
        let texts = if self.attributes { ".*".to_owned() } else { format!(r"\.({})$", TEXTS.join("|")) };
        Said::map([
            ("name", "mayfly".into()),
            ("onStart", Said::Flag(false)),
            ("onEnd", Said::Flag(false)),
            ("onResolve", Said::List(vec![on(RESOLVED, filter, "")])),
            (
                "onLoad",
                Said::List(vec![
                    on(LOADED, ".*", NOTHING),
                    on(LOADED, ".*", SERVER),
                    on(LOADED, &texts, "file"),
                ]),
            ),
        ])
    }

    fn resolve(&self, question: &Said) -> Reply {
        let path = question.get("path").text();
        let importer = question.get("importer").text();
        if question.get("pluginData").number() == OURS {
            return Reply::Answer(pass());
        }
        if let Some(name) = of_registry(path) {
            return ask(question, &name, None);
        }
        if let Some((target, folder)) = self.import_map.find(path) {
            return match of_registry(&target) {
                Some(name) => ask(question, &name, None),
                None if is_url(&target) => Reply::Answer(of_url(&target)),
                None => ask(question, &target, Some(folder)),
            };
        }
        if is_url(path) {
            return Reply::Answer(of_url(path));
        }
        match self.maps.of_name(Path::new(importer), path) {
            Some(Replaced::Nothing) => return Reply::Answer(found(NOTHING, path)),
            Some(Replaced::By(target)) => return ask(question, &target, None),
            None => {}
        }
        if let Some((_, file)) = FOR_NODE.iter().find(|(package, _)| *package == path) {
            return ask(question, file, None);
        }
        // Packages of native code, or of code that takes seconds: the platform has the same.
        let own = matches!(path, "bcrypt" | "bcryptjs").then_some(BCRYPT);
        if let Some(name) = own.or_else(|| node_module(path)) {
            let external =
                [("id", Said::Number(RESOLVED)), ("path", name.into()), ("external", Said::Flag(true))];
            return Reply::Answer(Said::map(external));
        }
        if self.maps.is_empty() { Reply::Answer(pass()) } else { ask(question, path, None) }
    }

    fn load(&self, question: &Said) -> Said {
        let path = question.get("path").text();
        let loaded = |contents: Vec<u8>, loader: &str| {
            Said::map([
                ("id", Said::Number(LOADED)),
                ("contents", Said::Bytes(contents)),
                ("loader", loader.into()),
            ])
        };
        match question.get("namespace").text() {
            NOTHING => return loaded(Vec::new(), "js"),
            SERVER => return loaded(SERVER_TEXT.into(), "js"),
            _ => {}
        }
        let kind = question.get("with").get("type").text();
        if !(matches!(kind, "bytes" | "text") || kind.is_empty() && is_text(path)) {
            return pass();
        }
        match std::fs::read(path) {
            Ok(contents) => loaded(contents, if kind == "bytes" { "binary" } else { "text" }),
            Err(_) => pass(),
        }
    }
}

impl Questions for Resolver<'_> {
    fn asked(&mut self, question: &Said) -> Reply {
        match question.get("command").text() {
            "on-resolve" => self.resolve(question),
            "on-load" => Reply::Answer(self.load(question)),
            "on-start" => {
                let none = || Said::List(Vec::new());
                Reply::Answer(Said::map([("errors", none()), ("warnings", none())]))
            }
            _ => Reply::Answer(pass()),
        }
    }

    fn continued(&mut self, _: &Said, answer: &Said) -> Said {
        let errors = answer.get("errors");
        if !errors.list().is_empty() {
            return Said::map([("id", Said::Number(RESOLVED)), ("errors", errors.clone())]);
        }
        let path = answer.get("path").text();
        if answer.get("namespace").text() == "file" {
            match self.maps.of_file(Path::new(path)) {
                Some(Replaced::Nothing) => return found(NOTHING, path),
                Some(Replaced::By(target)) => return found("file", &target),
                None => {}
            }
        }
        let kept = ["path", "external", "sideEffects", "namespace", "suffix"];
        let members = kept.map(|name| (name, answer.get(name).clone()));
        Said::map([("id", Said::Number(RESOLVED))].into_iter().chain(members))
    }
}

/// Whether what esbuild calls a file is none of the author's, but a module that stands for another one.
pub(super) fn is_of_ours(file: &str) -> bool {
    file.split_once(':').is_some_and(|(namespace, _)| matches!(namespace, NOTHING | SERVER))
}

/// It means what it means to esbuild.
fn pass() -> Said {
    Said::map([])
}

fn found(namespace: &str, path: &str) -> Said {
    Said::map([("id", Said::Number(RESOLVED)), ("path", path.into()), ("namespace", namespace.into())])
}

/// Asks esbuild what `path` means, within `folder` where that is another than the importer's.
fn ask(question: &Said, path: &str, folder: Option<PathBuf>) -> Reply {
    let folder = folder.map_or_else(
        || question.get("resolveDir").clone(),
        |folder| Said::Text(folder.to_string_lossy().into_owned()),
    );
    let same = ["importer", "namespace", "kind", "with"];
    let members = [
        ("command", "resolve".into()),
        ("key", question.get("key").clone()),
        ("pluginName", "mayfly".into()),
        ("path", path.into()),
        ("resolveDir", folder),
        ("pluginData", Said::Number(OURS)),
    ];
    Reply::Ask(Said::map(members.into_iter().chain(same.map(|name| (name, question.get(name).clone())))))
}

/// What an address means. Nothing is fetched, but one module is so old a habit that the platform has it.
fn of_url(url: &str) -> Said {
    if is_denos_server(url) { found(SERVER, url) } else { refused(url) }
}

/// `https://deno.land/std@0.168.0/http/server.ts`: where `serve` came from before there was `Deno.serve`.
fn is_denos_server(url: &str) -> bool {
    let version =
        url.strip_prefix("https://deno.land/std").and_then(|rest| rest.strip_suffix("/http/server.ts"));
    version.is_some_and(|version| version.is_empty() || version.starts_with('@') && !version.contains('/'))
}

fn refused(url: &str) -> Said {
    let install = match package_of_url(url) {
        Some(name) => format!("`npm install {name}`, and import \"{name}\""),
        None => "install the package by npm, or copy the file".to_owned(),
    };
    let text = format!("\"{url}\" is an address, from which nothing is fetched at a deploy: {install}");
    let error = Said::map([
        ("id", "".into()),
        ("pluginName", "".into()),
        ("text", text.as_str().into()),
        ("location", Said::Null),
        ("notes", Said::List(Vec::new())),
        ("detail", Said::Number(0)),
    ]);
    Said::map([("id", Said::Number(RESOLVED)), ("errors", Said::List(vec![error]))])
}

/// The name under which npm installs what `npm:NAME@VERSION/PATH` or `jsr:` means.
fn of_registry(specifier: &str) -> Option<String> {
    let rest = specifier.strip_prefix("npm:").or_else(|| specifier.strip_prefix("jsr:"))?;
    Some(without_version(rest.trim_start_matches('/')))
}

/// `@scope/name@1.2/path` as `@scope/name/path`.
fn without_version(name: &str) -> String {
    let scope = if name.starts_with('@') { name.find('/').map_or(name.len(), |slash| slash + 1) } else { 0 };
    let (scope, rest) = name.split_at(scope);
    let (name, path) = rest.split_once('/').map_or((rest, None), |(name, path)| (name, Some(path)));
    let name = name.split('@').next().unwrap_or(name);
    path.map_or_else(|| format!("{scope}{name}"), |path| format!("{scope}{name}/{path}"))
}

fn is_url(specifier: &str) -> bool {
    specifier.starts_with("https:") || specifier.starts_with("http:") || specifier.starts_with("//")
}

/// The package that an address of a well-known server of packages means.
fn package_of_url(url: &str) -> Option<String> {
    let rest = url.split_once("//")?.1;
    let (host, path) = rest.split_once('/')?;
    let path = match host {
        "esm.sh" | "unpkg.com" | "cdn.skypack.dev" | "esm.run" => path,
        "cdn.jsdelivr.net" => path.strip_prefix("npm/")?,
        "deno.land" => match path.split('/').collect::<Vec<_>>().as_slice() {
            ["x", name, ..] => return Some(without_version(name)),
            _ => return None,
        },
        _ => return None,
    };
    let path = path.strip_prefix("npm/").unwrap_or(path);
    let parts = if path.starts_with('@') { 2 } else { 1 };
    let name: Vec<_> = path.split(['/', '?']).take(parts).collect();
    Some(without_version(&name.join("/"))).filter(|name| !name.is_empty())
}

fn is_text(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    TEXTS.contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_registries_lose_their_version() {
        for (specifier, name) in [
            ("npm:zod", "zod"),
            ("npm:zod@^3.22/v4", "zod/v4"),
            ("npm:/@scope/name@1/path/x.js", "@scope/name/path/x.js"),
            ("jsr:@std/encoding@1/hex", "@std/encoding/hex"),
        ] {
            assert_eq!(of_registry(specifier).as_deref(), Some(name), "{specifier}");
        }
        assert_eq!(of_registry("zod"), None);
    }

    #[test]
    fn of_addresses_denos_server_alone_is_known() {
        for (url, known) in [
            ("https://deno.land/std@0.168.0/http/server.ts", true),
            ("https://deno.land/std/http/server.ts", true),
            ("https://deno.land/std@0.168.0/http/file_server.ts", false),
            ("https://deno.land/std@0.1/x/http/server.ts", false),
            ("https://deno.land/x/std@0.1/http/server.ts", false),
            ("http://deno.land/std/http/server.ts", false),
        ] {
            assert_eq!(is_denos_server(url), known, "{url}");
        }
    }

    #[test]
    fn an_address_names_the_package_to_install() {
        for (url, name) in [
            ("https://esm.sh/zod@3.22.4", Some("zod")),
            ("https://esm.sh/@supabase/supabase-js@2?target=deno", Some("@supabase/supabase-js")),
            ("https://cdn.jsdelivr.net/npm/marked/lib/marked.esm.js", Some("marked")),
            ("https://deno.land/x/oak@v12.6.1/mod.ts", Some("oak")),
            ("https://deno.land/std@0.177.0/http/server.ts", None),
            ("https://example.org/x.js", None),
        ] {
            assert_eq!(package_of_url(url).as_deref(), name, "{url}");
        }
    }
}
