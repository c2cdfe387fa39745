"""A certificate for the simulator, since some clients insist on TLS.

Nobody vouches for it, so a client has to be told to trust it. What every Python client reads, whatever it
connects with, is the variable `SSL_CERT_FILE`: it names a file of certificates to trust, for one process and
those that it starts. Hence the certificate is its own authority, and its file all that a client needs.

https://docs.python.org/3/library/ssl.html#ssl.SSLContext.set_default_verify_paths
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipecat_voicelive.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography import x509

_HERE = {"localhost", "127.0.0.1", "::1"}
_DAYS = 90
_LEFT_DAYS = 2
"""A certificate that is over within this time is made anew."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate and its private key, PEM files both.

    Attributes:
        certificate: What the simulator shows, with those that vouch for it, if any.
        key: Its private key, without a password.
    """

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """What a server needs to talk TLS with it.

        Raises:
            ConfigurationError: A file is missing, is no PEM, or they do not belong together.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            # An empty password, lest OpenSSL asks for one on the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:
            missing = [str(path) for path in (self.certificate, self.key) if not path.is_file()]
            problem = f"{', '.join(missing)} cannot be read" if missing else str(error)
            raise ConfigurationError(
                f"TLS cannot be had with {self.certificate} and {self.key}: {problem}. Give a certificate "
                "and the private key that belongs to it, both as PEM files, the key without a password."
            ) from error
        return context


def kept_here() -> Path:
    """The folder where the certificate of the command is kept from one start to the next."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pipecat-voicelive"
    except RuntimeError as error:
        raise ConfigurationError(
            f"There is no place to keep a certificate: {error}. Set XDG_CACHE_HOME to a folder, or give a "
            "certificate and a key of your own."
        ) from error


def self_signed(folder: Path, host: str) -> TlsFiles:
    """A certificate for this machine, valid for localhost, 127.0.0.1, ::1 and `host`.

    Where that stands for all addresses, it is valid for the machine's name and the address it has outwards.

    The one that is in the folder already, if it will do for some days yet, so that clients which trust it
    keep doing so when a simulator starts again.

    Raises:
        ConfigurationError: The folder cannot be written to.
    """
    host = host or "localhost"
    suffix = "" if host in _HERE else f"-{host.replace(':', '_')}"
    files = TlsFiles(folder / f"simulator-certificate{suffix}.pem", folder / f"simulator-key{suffix}.pem")
    names = sorted({*_HERE, host, *_others_see(host)})
    if _will_do(files, names):
        return files
    certificate, key = _make(names)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(files.key, key, mode=0o600)
        _replace(files.certificate, certificate, mode=0o644)
    except OSError as error:
        raise ConfigurationError(
            f"The certificate cannot be written: {error}. Give a certificate and a key of your own."
        ) from error
    return files


def _others_see(host: str) -> set[str]:
    """How other machines reach this one, if it listens on all addresses."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return set()
    names = {socket.gethostname()}
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Nothing is sent: only the route is looked up.
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as outwards:
            outwards.connect((elsewhere, 9))
            names.add(outwards.getsockname()[0])
    return {name for name in names if name.isascii()}


def _replace(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that is whole at any time, and never open to more people than `mode` says."""
    new = path.with_suffix(f".{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    new.replace(path)


def _will_do(files: TlsFiles, names: list[str]) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        valid_for = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        files.server_context()
    except (OSError, ValueError, x509.ExtensionNotFound, ConfigurationError):
        return False
    left = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    return left.days >= _LEFT_DAYS and all(_general_name(name) in valid_for for name in names)


def _make(names: list[str]) -> tuple[bytes, bytes]:
    """A certificate that vouches for itself, and its key, as PEM.

    It has the extensions that the strict checks of Python 3.13 and newer ask for.
    """
    # cryptography comes with azure-identity; it is imported here because it takes a while.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Voice Live simulator on this machine")])
    now = dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
