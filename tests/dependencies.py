"""Reads `cargo metadata`: licences are on the list, and what must be one of its kind is one."""

import json
import re
import sys

# What may be linked into a program under MIT OR Apache-2.0.
ALLOWED = {
    "MIT", "MIT-0", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib",
    "0BSD", "BSL-1.0", "CC0-1.0", "Unlicense", "Unicode-3.0", "MPL-2.0", "CDLA-Permissive-2.0",
}
# Two SQLites in a process lose each other's locks; two date or decimal crates lose each other's rules.
SINGLE = ["libsqlite3-sys", "rusqlite", "jiff", "rust_decimal", "openssl-sys", "native-tls"]
UNWANTED = ["openssl-sys", "native-tls"]


def allowed(expression):
    """True if one alternative of an SPDX expression is on the list whole."""
    for alternative in re.split(r"\s+OR\s+|/", expression.replace("(", "").replace(")", "")):
        if all(part.strip() in ALLOWED for part in alternative.split(" AND ")):
            return True
    # `(A OR B) AND C` reads the other way round: every part has an alternative.
    parts = expression.replace("(", "").replace(")", "").split(" AND ")
    return all(any(a.strip() in ALLOWED for a in part.split(" OR ")) for part in parts)


packages = json.load(sys.stdin)["packages"]
faults = []
for package in packages:
    name = f"{package['name']} {package['version']}"
    if not package["license"] and package["source"]:
        faults.append(f"{name} has no licence")
    elif package["license"] and not allowed(package["license"]):
        faults.append(f"{name} is under {package['license']}")
for name in SINGLE:
    versions = [p["version"] for p in packages if p["name"] == name]
    if len(versions) > 1:
        faults.append(f"{name} is there {len(versions)} times: {', '.join(versions)}")
    if versions and name in UNWANTED:
        faults.append(f"{name} is a second TLS stack")
print("\n".join(faults) or f"{len(packages)} packages, every licence on the list")
sys.exit(1 if faults else 0)
