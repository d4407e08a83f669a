"""A certificate for the doubles, so that the warm-up can be measured over TLS."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabError


@dataclass(frozen=True)
class Certificate:
    """PEM files. The chain is the server's, the authority signed it."""

    key: Path
    chain: Path
    authority: Path

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificate(directory: Path) -> Certificate | None:
    """A certificate for 127.0.0.1, by the `openssl` command; None where there is none."""
    authority, authority_key = directory / "authority.pem", directory / "authority.key"
    request, chain, key = directory / "server.csr", directory / "server.pem", directory / "server.key"
    extensions = directory / "server.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    commands = [
        ["req", "-x509", *new_key, "-keyout", str(authority_key), "-out", str(authority), "-subj", "/CN=bench",
         "-days", "2"],
        ["req", *new_key, "-keyout", str(key), "-out", str(request), "-subj", "/CN=127.0.0.1"],
        ["x509", "-req", "-in", str(request), "-CA", str(authority), "-CAkey", str(authority_key), "-CAcreateserial",
         "-extfile", str(extensions), "-out", str(chain), "-days", "2"],
    ]
    try:
        for command in commands:
            subprocess.run(["openssl", *command], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return None
    except subprocess.CalledProcessError as error:
        raise LabError(f"`openssl {error.cmd[1]}` failed: {error.stderr.decode(errors='replace')}") from error
    return Certificate(key, chain, authority)


def trust_file(directory: Path, certificate: Certificate | None) -> Path:
    """The machine's bundle in one file, as Amazon Linux has it, and our own authority."""
    bundle = ssl.get_default_verify_paths().cafile
    trusted = directory / "trusted.pem"
    trusted.write_text(
        (Path(bundle).read_text() if bundle else "") + (certificate.authority.read_text() if certificate else "")
    )
    return trusted
