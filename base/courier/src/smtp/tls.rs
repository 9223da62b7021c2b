//! TLS towards the relay: certificates are always checked.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Phase, SmtpConfig, SmtpError, TlsMode};

/// Opens TLS with one relay.
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Collects the trusted certificates; `None` when the relay is used without TLS.
    pub(super) fn new(config: &SmtpConfig) -> Result<Option<Self>, SmtpError> {
        if config.tls == TlsMode::None {
            return Ok(None);
        }
        let wrong = |why: String| SmtpError::Config(why);
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = &config.extra_roots_pem {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|cause| wrong(format!("extra_roots_pem is not PEM: {cause}")))?;
                roots.add(certificate).map_err(|cause| wrong(format!("extra_roots_pem: {cause}")))?;
            }
        }
        if roots.is_empty() {
            return Err(wrong("no trusted certificates found on this system: set extra_roots_pem".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| wrong(cause.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name =
            ServerName::try_from(config.host.clone()).map_err(|_| wrong(format!("host {:?} cannot carry a certificate", config.host)))?;
        Ok(Some(Self { connector: TlsConnector::from(Arc::new(client)), name }))
    }

    /// Shakes hands and gives the stream with the version agreed on.
    pub(super) async fn secure(&self, stream: TcpStream) -> Result<(TlsStream<TcpStream>, String), SmtpError> {
        let secured =
            self.connector.connect(self.name.clone(), stream).await.map_err(|source| SmtpError::Io { phase: Phase::Tls, source })?;
        let version = secured.get_ref().1.protocol_version();
        let shown = version.map_or_else(String::new, |version| format!("{version:?}"));
        Ok((secured, shown))
    }
}
