# SPDX-License-Identifier: Apache-2.0
"""The demo CA: one certificate authority per test directory, made with the openssl command."""

import pathlib
import subprocess

OPENSSL_CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
O = Cairn demo
CN = Cairn demo CA
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost,IP:127.0.0.1
"""


class Authority:
    """The demo CA: ca.pem is what clients and servers trust; issue() makes a certificate for localhost and 127.0.0.1."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.file = self.directory / "ca.pem"
        self._key = self.directory / "ca.key"
        self._config = self.directory / "openssl.cnf"
        if not self.file.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            self._config.write_text(OPENSSL_CONFIG)
            self._openssl(self._key, self.file, "authority")

    def issue(self, directory):
        """Answers (certificate, key), two PEM files in directory, made if they are missing."""
        certificate, key = pathlib.Path(directory) / "tls.pem", pathlib.Path(directory) / "tls.key"
        if not certificate.exists():
            self._openssl(key, certificate, "server", "-subj", "/O=Cairn demo/CN=localhost", "-CA", self.file, "-CAkey", self._key)
        return certificate, key

    def _openssl(self, key, certificate, extensions, *more):
        fresh = certificate.with_suffix(".new")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"]
        command += ["-days", "3650", "-config", self._config, "-extensions", extensions, "-keyout", key, "-out", fresh, *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"openssl could not make {certificate}:\n{done.stderr}")
        key.chmod(0o600)
        fresh.rename(certificate)
