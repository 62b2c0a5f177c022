//! What `deploy/` holds works: systemd takes the unit and finds it closed off, and both start the server with
//! words that it knows.

use std::path::Path;
use std::process::Command;

use crate::support::TestEnv;

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The words after the program, checked by the server itself.
#[track_caller]
fn known(words: &[&str]) {
    let env = TestEnv::new();
    let run = env.hissab([words, &["--check-config"]].concat()).ok();
    assert!(!run.stdout.contains("error"), "{run}");
}

#[test]
fn systemd_takes_the_unit_and_finds_it_closed_off() {
    let unit = kept("hissab.service");
    let mut starts = 0;
    for line in unit.lines() {
        if let Some((_, words)) = line.split_once("=/usr/local/bin/hissab ") {
            let words: Vec<&str> = words
                .split(' ')
                .filter(|w| *w != "--check-config")
                .collect();
            known(&words);
            starts += 1;
        }
    }
    assert_eq!(starts, 2, "before it starts, and to start");
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("not run: systemd-analyze is not installed");
        return;
    }
    let env = TestEnv::new();
    let here = unit.replace("/usr/local/bin/hissab", env!("CARGO_BIN_EXE_hissab"));
    let path = env.write("hissab.service", here);
    // 20 of 100: what is left open is the network and the folder.
    for words in [
        &["verify"][..],
        &["security", "--offline=true", "--threshold=20"],
    ] {
        let told = Command::new("systemd-analyze")
            .args(words)
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&told.stdout) + String::from_utf8_lossy(&told.stderr);
        assert!(told.status.success(), "systemd-analyze {words:?}: {said}");
    }
}

#[test]
fn the_container_starts_the_server_with_words_it_knows() {
    let file = kept("Containerfile");
    let list = |instruction: &str| -> Vec<String> {
        let line = file
            .lines()
            .find_map(|l| l.strip_prefix(instruction))
            .unwrap();
        serde_json::from_str(line.trim()).unwrap()
    };
    let words = [list("ENTRYPOINT"), list("CMD")].concat();
    assert_eq!(words[0], "/usr/bin/hissab");
    known(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let user = file.lines().rfind(|l| l.starts_with("USER"));
    assert_eq!(user, Some("USER 65532:65532"));
}

/// The build sees all that the program is made of, and no secrets of `compose.yaml`.
#[test]
fn what_the_image_leaves_out_is_not_what_it_is_built_from() {
    let file = kept("Containerfile.dockerignore");
    let left_out: Vec<&str> = file.lines().filter(|l| !l.starts_with('#')).collect();
    for needed in [
        "src",
        "migrations",
        "benches",
        ".cargo",
        "build.rs",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        assert!(!left_out.contains(&needed), "{needed}");
    }
    for kept_out in [".git", "target", "deploy"] {
        assert!(left_out.contains(&kept_out), "{kept_out}");
    }
    // Relative to its own folder, whatever folder compose is called in.
    let compose = kept("compose.yaml");
    assert!(compose.contains("env_file: [secrets/hissab.env]"));
    assert!(compose.contains("> deploy/secrets/hissab.env"));
}

/// Every document of a YAML file, as JSON; `None` where nothing here reads YAML.
fn documents(name: &str) -> Option<Vec<serde_json::Value>> {
    let script = "import json, sys, yaml; json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = Command::new("python3")
        .args(["-c", script])
        .arg(root.join("deploy").join(name))
        // What tests/run installs for another test reads YAML too.
        .env("PYTHONPATH", root.join("target/pypi-schemathesis"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&read.stderr);
    if said.contains("No module named 'yaml'") {
        eprintln!("not run: no PyYAML");
        return None;
    }
    assert!(read.status.success(), "{name}: {said}");
    Some(serde_json::from_slice(&read.stdout).unwrap())
}

fn words_at(value: &serde_json::Value) -> Vec<&str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|word| word.as_str().unwrap()).collect()
}

/// What the containers of `serve` are started with, as the image and a manifest say it together.
#[track_caller]
fn served(own: &[&str]) {
    let fixed = ["serve", "--listen", "0.0.0.0:8080", "--allow-plain-http"];
    let database = ["--database", "postgres://hissab@db/hissab?sslmode=disable"];
    known(&[&fixed[..], own, &database].concat());
}

#[test]
fn compose_starts_servers_and_a_worker_with_words_they_know() {
    let Some(compose) = documents("compose.yaml") else {
        return;
    };
    let services = &compose[0]["services"];
    for name in ["one", "two"] {
        served(&words_at(&services[name]["command"]));
    }
    let worker = words_at(&services["worker"]["entrypoint"]);
    assert_eq!(worker, ["/usr/bin/hissab", "worker"]);
    let names: Vec<&String> = services.as_object().unwrap().keys().collect();
    assert_eq!(names, ["one", "two", "worker", "database", "proxy"]);
    let proxy = kept("Caddyfile");
    assert!(proxy.contains("one:8080 two:8080") && proxy.contains("/readyz"));
}

#[test]
fn kubernetes_gets_probes_a_scale_and_a_budget() {
    let Some(manifests) = documents("kubernetes/hissab.yaml") else {
        return;
    };
    let kind = |kind: &str| -> Vec<&serde_json::Value> {
        manifests.iter().filter(|m| m["kind"] == kind).collect()
    };
    let server = kind("Deployment")[0];
    let spec = &server["spec"]["template"]["spec"];
    let container = &spec["containers"][0];
    served(&words_at(&container["args"]));
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
    for probe in ["readinessProbe", "startupProbe"] {
        assert_eq!(container[probe]["httpGet"]["path"], "/readyz");
    }
    // What is selected is what is labelled, and what is named is there.
    let labels = &server["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&server["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(&kind("Service")[0]["spec"]["selector"], labels);
    let budget = kind("PodDisruptionBudget")[0];
    assert_eq!(&budget["spec"]["selector"]["matchLabels"], labels);
    let scaled = &kind("HorizontalPodAutoscaler")[0]["spec"]["scaleTargetRef"];
    assert_eq!(scaled["name"], server["metadata"]["name"]);
    for deployment in kind("Deployment") {
        let spec = &deployment["spec"]["template"]["spec"];
        let volumes: Vec<_> = spec["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| &v["name"])
            .collect();
        for container in spec["containers"].as_array().unwrap() {
            assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
            for mount in container["volumeMounts"].as_array().unwrap() {
                assert!(volumes.contains(&&mount["name"]), "{mount}");
            }
        }
    }
    // Each setting is one that the server reads.
    let help = TestEnv::new().hissab(["serve", "--help"]).ok().stdout;
    let settings = kind("ConfigMap")[0]["data"].as_object().unwrap();
    for name in settings.keys() {
        assert!(
            help.contains(name.as_str()),
            "{name} is nothing to hissab serve"
        );
    }
}

/// Dashboard and alerts ask for series that a server has.
#[cfg(feature = "server")]
#[test]
fn dashboard_and_alerts_name_series_that_are_there() {
    use std::io::{Read, Write};
    let server = crate::http::TestServer::start();
    server.get("/meta", "").is(200);
    let mut line = std::net::TcpStream::connect(server.server().address()).unwrap();
    line.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut series = String::new();
    line.read_to_string(&mut series).unwrap();
    let dashboard = kept("monitoring/grafana.json");
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() >= 8);
    if let Some(alerts) = documents("monitoring/alerts.yaml") {
        let rules = alerts[0]["groups"][0]["rules"].as_array().unwrap();
        assert!(
            rules
                .iter()
                .all(|rule| rule["expr"].is_string() && rule["annotations"]["summary"].is_string())
        );
    }
    let names = regex::Regex::new(r"hissab_[a-z_]+").unwrap();
    let asked = dashboard + &kept("monitoring/alerts.yaml");
    let mut count = 0;
    for name in names.find_iter(&asked) {
        let name = name.as_str();
        assert!(
            series.contains(&format!("{name}{{")) || series.contains(&format!("{name} ")),
            "{name} is no series of /metrics"
        );
        count += 1;
    }
    assert!(count > 15, "{count}");
}
