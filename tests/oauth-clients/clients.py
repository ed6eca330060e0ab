"""Authlib and PyJWT against a server: clients.py <client>, with what a test hands over as JSON on stdin. The last line is "ok"."""
import json
import sys
import urllib.request

import jwt
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

given = json.load(sys.stdin)


def metadata():
    with urllib.request.urlopen(get_well_known_url(given["issuer"], external=True)) as answer:
        return json.load(answer)


def authlib():
    server = metadata()
    # Authlib validates the whole document, and wants https in every address, which loopback has not.
    secured = json.loads(json.dumps(server).replace("http://", "https://"))
    secured["response_types_supported"] = secured["response_types_supported"] or ["none"]
    AuthorizationServerMetadata(secured).validate()

    token = given["refresh_token"]
    for method in ("client_secret_basic", "client_secret_post"):
        session = OAuth2Session(given["client_id"], given["client_secret"], token_endpoint_auth_method=method,
                                revocation_endpoint_auth_method=method, introspection_endpoint_auth_method=method)
        answer = session.refresh_token(server["token_endpoint"], refresh_token=token)
        assert answer["token_type"] == "Bearer" and answer["refresh_token"] != token, answer
        token = answer["refresh_token"]
        told = session.introspect_token(server["introspection_endpoint"], token=answer["access_token"]).json()
        assert told["active"] and told["sub"] == "ada" and told["acr"] == "aal1", told

    signer = OAuth2Session(given["client_id"], given["private_pem"], token_endpoint_auth_method=PrivateKeyJWT(server["token_endpoint"], alg="ES256"))
    answer = signer.refresh_token(server["token_endpoint"], refresh_token=token)
    assert 299 <= answer["expires_in"] <= 300, answer
    assert session.revoke_token(server["revocation_endpoint"], token=answer["refresh_token"]).status_code == 200
    told = session.introspect_token(server["introspection_endpoint"], token=answer["access_token"]).json()
    assert told == {"active": False}, told


def pyjwt():
    key = jwt.PyJWKClient(metadata()["jwks_uri"]).get_signing_key_from_jwt(given["access_token"])
    options = {"require": ["exp", "iat", "iss", "sub", "aud", "jti", "client_id", "sid"]}
    claims = jwt.decode(given["access_token"], key.key, algorithms=["ES256"], audience=given["audience"], issuer=given["issuer"], options=options)
    assert claims["sub"] == "ada" and jwt.get_unverified_header(given["access_token"])["typ"] == "at+jwt"
    try:
        jwt.decode(given["access_token"], key.key, algorithms=["ES256"], audience="https://elsewhere.test", issuer=given["issuer"])
    except jwt.InvalidAudienceError:
        return
    raise AssertionError("A foreign audience was accepted.")


{"authlib": authlib, "pyjwt": pyjwt}[sys.argv[1]]()
print("ok")
