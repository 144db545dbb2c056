"""What people call the same thing, in English and Swahili: who types one finds the others.

One line is one thing; its names are separated by commas and may have several words. Written as
`accounts.directory.words` folds them: lower case, no accents, no apostrophes. They only lead to articles: nothing
here is a diagnosis.
"""

from functools import cache

NAMES = """
hypertension, high blood pressure, bp, pressure, presha, shinikizo la damu, shinikizo la juu la damu
diabetes, diabetic, blood sugar, high sugar, sugar disease, kisukari, sukari
malaria, homa ya mbu
tuberculosis, tb, kifua kikuu
hiv, aids, ukimwi, vvu
cholera, kipindupindu
diarrhoea, diarrhea, running stomach, kuhara, kuendesha, harisho
dehydration, ors, oral rehydration, upungufu wa maji
pneumonia, nimonia, homa ya mapafu
asthma, pumu
stroke, kiharusi
heart, cardiac, moyo
heart attack, mshtuko wa moyo
cancer, tumour, tumor, saratani, kansa
cervical cancer, hpv, cervix, saratani ya mlango wa kizazi, mlango wa kizazi
breast cancer, saratani ya matiti
pregnancy, pregnant, expecting, antenatal, anc, prenatal, ujauzito, mjamzito, mimba
breastfeeding, nursing, kunyonyesha, maziwa ya mama
baby, babies, infant, newborn, mtoto mchanga, kachanga
child, children, kid, kids, mtoto, watoto
vaccine, vaccines, vaccination, immunisation, immunization, jab, chanjo
anaemia, anemia, low blood, iron deficiency, upungufu wa damu
iron, madini ya chuma
depression, depressed, sadness, sonona, huzuni, mfadhaiko
stress, msongo wa mawazo, msongo
anxiety, worry, wasiwasi
sleep, insomnia, sleeplessness, usingizi, kukosa usingizi
mental health, afya ya akili
exercise, physical activity, workout, fitness, mazoezi
food, nutrition, diet, eating, chakula, lishe
salt, sodium, chumvi
weight, obesity, overweight, uzito, unene
antibiotic, antibiotics, antibiotiki, viuavijasumu
resistance, amr, usugu, usugu wa dawa
medicine, medication, drug, drugs, dawa, madawa
fever, temperature, homa
cough, coughing, kikohozi, kukohoa
headache, kuumwa kichwa, maumivu ya kichwa
pain, ache, maumivu
flu, influenza, homa ya mafua, mafua
typhoid, homa ya matumbo, taifodi
worms, deworming, minyoo
wound, injury, kidonda, jeraha
eye, eyes, macho, jicho
tooth, teeth, dental, meno, jino
skin, ngozi
kidney, kidneys, renal, figo
liver, hepatitis, ini
water, maji
hospital, hospitali
clinic, kliniki, zahanati
doctor, physician, daktari
screening, check up, checkup, test, uchunguzi, kipimo, vipimo
smoking, tobacco, cigarettes, sigara, tumbaku
alcohol, drinking, pombe
family planning, contraception, contraceptive, uzazi wa mpango
period, menstruation, hedhi
covid, coronavirus, corona
mosquito net, bed net, net, chandarua, neti
snake bite, snakebite, kuumwa na nyoka
first aid, huduma ya kwanza
"""
Name = tuple[str, ...]


@cache
def by_first_word() -> dict[str, list[tuple[Name, tuple[Name, ...]]]]:
    """First word → (a name, all names of the same thing), the longest names first."""
    found: dict[str, list[tuple[Name, tuple[Name, ...]]]] = {}
    for line in NAMES.strip().splitlines():
        names = tuple(dict.fromkeys(tuple(name.split()) for name in line.split(",")))
        for name in names:
            found.setdefault(name[0], []).append((name, names))
    for entries in found.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return found


@cache
def vocabulary() -> tuple[str, ...]:
    """Every single word of four letters or more: what a slip of the finger may have meant."""
    lines = NAMES.replace(",", " ").split()
    return tuple(dict.fromkeys(word for word in lines if len(word) > 3))
