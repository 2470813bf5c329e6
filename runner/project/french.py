"""French words for the project's own: whoever thinks in French writes them, and no spelling is near."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_KEYS: Mapping[str, str] = {
    "actif": "enabled",
    "active": "enabled",
    "adresse": "email",
    "audio_nom": "audio_name",
    "budget_max": "max_cost",
    "campagne": "name",
    "cle": "api_key",
    "cle_api": "api_key",
    "cle_etat": "state_key",
    "clef": "api_key",
    "colonne": "column",
    "compte": "account",
    "comptes": "accounts",
    "condition": "where",
    "contacts": "recipients",
    "courriel": "email",
    "cout_max": "max_cost",
    "croissance_max": "max_growth",
    "date": "schedule",
    "date_envoi": "schedule",
    "date_fin": "until",
    "defaut": "defaults",
    "defauts": "defaults",
    "delai": "timeout",
    "destinataire": "recipients",
    "destinataires": "recipients",
    "devise": "currency",
    "emetteur": "sender",
    "enregistrement": "audio",
    "en_tete": "headers",
    "en_tetes": "headers",
    "entete": "headers",
    "entetes": "headers",
    "envoi": "delivery",
    "etat": "state",
    "exclure": "exclude",
    "exclusion": "exclude",
    "exclusions": "exclude",
    "expediteur": "sender",
    "fichier": "file",
    "fichiers": "file",
    "filtre": "where",
    "fin": "until",
    "fixe": "fixed",
    "fournisseur": "provider",
    "fuseau": "timezone",
    "fuseau_horaire": "timezone",
    "garde_fous": "guards",
    "heure": "schedule",
    "jusqu_au": "until",
    "jusqua": "until",
    "langue": "language",
    "limite": "limits",
    "limites": "guards",
    "livraison": "delivery",
    "mail": "email",
    "max_destinataires": "max_recipients",
    "modele": "template",
    "nom": "name",
    "nom_audio": "audio_name",
    "nombre_max": "max_recipients",
    "notification": "notify",
    "notifications": "notify",
    "notifier": "notify",
    "numero": "numbers",
    "numeros": "numbers",
    "ou": "where",
    "pays": "countries",
    "portable": "mobile",
    "priorite": "priority",
    "prix": "prices",
    "programmation": "schedule",
    "requete": "query",
    "requetes": "requests",
    "son": "audio",
    "suivante": "next",
    "tarifs": "prices",
    "telephones": "numbers",
    "types": "kinds",
    "variables": "vars",
    "vocal": "audio",
}
_CHOICES: Mapping[str, str] = {
    "anglais": "en",
    "fixe": "fixed",
    "fixes": "fixed",
    "francais": "fr",
    "france": "FR",
    "guadeloupe": "GP",
    "guyane": "GF",
    "ignorer": "ignore",
    "la reunion": "RE",
    "martinique": "MQ",
    "mayotte": "YT",
    "mobiles": "mobile",
    "portable": "mobile",
    "portables": "mobile",
    "reunion": "RE",
}


def translate_key(key: str) -> str | None:
    """The key that a French word for it means, spelled with underscores; None where it is none that is known."""
    return _KEYS.get(without_accents(key).replace("'", "_").replace("\u2019", "_"))


def translate_choice(word: str) -> str | None:
    """The choice that a French word means; None where it is none that is known."""
    return _CHOICES.get(without_accents(word))


def without_accents(text: str) -> str:
    """`text` in small letters, without the marks above and below them: `Été` becomes `ete`."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
