"""The files that a core agent leaves for its remote agents: `auth_token` and `ipc_cert.pem`.

Owns both files' making, with openssl: 64 hexadecimal digits; and a certificate that signs itself, then its P-256 key as an
"EC PRIVATE KEY". The certificate is the server's, the clients', and the only one that either trusts.
"""
import os
import secrets
import subprocess

DAYS = 50 * 365
REQUEST = """
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
O = Datadog, Inc.
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, digitalSignature, cRLSign
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
subjectAltName = IP:127.0.0.1, IP:::1, DNS:localhost
"""


def _openssl(*arguments, told=""):
    """What openssl says."""
    done = subprocess.run(["openssl", *arguments], input=told.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode().strip()}")
    return done.stdout.decode()


class Credentials:
    """The two files in a folder, which is made when it is not there."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.token_path = os.path.join(folder, "auth_token")
        self.certificate_path = os.path.join(folder, "ipc_cert.pem")
        self.token = self.certificate = self.key = ""

    def make(self, token=True, certificate=True):
        """Makes new ones."""
        if token:
            self.token = secrets.token_hex(32)
            self._write(self.token_path, self.token)
        if certificate:
            self.key = _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
            self._write(self.certificate_path, self.key)
            self.certificate = _openssl("req", "-x509", "-new", "-config", "/dev/stdin", "-key", self.certificate_path,
                                        "-sha256", "-days", str(DAYS), told=REQUEST)
            self._write(self.certificate_path, self.certificate + self.key)

    @staticmethod
    def _write(path, text):
        """Puts a file into place at once, so that nobody reads half of it."""
        with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        os.replace(f"{path}.new", path)
