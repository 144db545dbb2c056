"""The second factor: an authenticator app, passkeys and recovery codes, kept by allauth.mfa.

Here is what both sign-ins share, the portal's and the admin host's. Who needs one: `accounts.policies`.
"""
