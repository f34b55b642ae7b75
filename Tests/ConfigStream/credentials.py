"""The files that a core agent leaves for its remote agents: `auth_token` and `ipc_cert.pem`.

Owns both files' making, with openssl: 64 hexadecimal digits; and a certificate that signs itself, then its P-256 key
as an "EC PRIVATE KEY". The certificate is the server's, the clients', and the only one that either trusts.
"""
import contextlib
import os
import secrets
import subprocess

DAYS = 50 * 365
KEY = "-----BEGIN EC PRIVATE KEY-----"
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


@contextlib.contextmanager
def _new(path):
    """A file that only its owner may read, and that comes into place at once, so that nobody reads half of it."""
    with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        yield file
    os.replace(f"{path}.new", path)


class Credentials:
    """The two files in a folder. What is not there is made; what is there is used, as by a core agent that starts
    again."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.token_path = os.path.join(folder, "auth_token")
        self.certificate_path = os.path.join(folder, "ipc_cert.pem")
        self.make(token=not os.path.exists(self.token_path), certificate=not os.path.exists(self.certificate_path))

    def make(self, token=True, certificate=True):
        """Makes a new token, a new certificate or both, and reads what is there then."""
        if token:
            with _new(self.token_path) as file:
                file.write(secrets.token_hex(32))
        if certificate:
            key = _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
            with _new(f"{self.certificate_path}.key") as file:
                file.write(key)
            own = _openssl("req", "-x509", "-new", "-config", "/dev/stdin", "-key", f"{self.certificate_path}.key",
                           "-sha256", "-days", str(DAYS), told=REQUEST)
            os.remove(f"{self.certificate_path}.key")
            with _new(self.certificate_path) as file:
                file.write(own + key)
        self._read()

    def _read(self):
        """Reads both files."""
        with open(self.token_path) as token, open(self.certificate_path) as pem:
            self.token = token.read().strip()
            self.certificate, begin, rest = pem.read().partition(KEY)
        self.key = begin + rest
