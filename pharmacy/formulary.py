"""Medicines that are common in Kenya: what a doctor searches while writing, and what a name is made of.

Facts only, out of the Kenya Essential Medicines List and the makers' leaflets: no dose is recommended. A clinic's own
catalogue joins in `selectors.search_medicines`; what is written here still tells which substances a name stands for.
"""

from dataclasses import dataclass
from functools import cache

from django.utils.translation import gettext_lazy as _

# What people are allergic to together. The word is what a warning says.
CLASSES = {
    "penicillins": _("penicillins"),
    "cephalosporins": _("cephalosporins"),
    "carbapenems": _("carbapenems"),
    "sulfonamides": _("sulfonamides (sulfa)"),
    "nsaids": _("anti-inflammatory painkillers (NSAIDs, aspirin)"),
    "opioids": _("opioids"),
    "macrolides": _("macrolides"),
    "quinolones": _("quinolones"),
    "tetracyclines": _("tetracyclines"),
    "aminoglycosides": _("aminoglycosides"),
    "nitroimidazoles": _("nitroimidazoles"),
    "azoles": _("azole antifungals"),
    "cinchona": _("quinine and its relatives"),
    "artemisinins": _("artemisinins"),
    "ace-inhibitors": _("ACE inhibitors"),
    "statins": _("statins"),
    "aromatic-antiepileptics": _("aromatic antiepileptics"),
    "local-anaesthetics": _("local anaesthetics"),
    "heparins": _("heparins"),
    "rifamycins": _("rifamycins"),
}
# Whoever reacts to the one may react to the others: all of them hold a beta-lactam ring.
BETA_LACTAMS = ("penicillins", "cephalosporins", "carbapenems")
RELATED = {one: tuple(other for other in BETA_LACTAMS if other != one) for one in BETA_LACTAMS}

# name | brands and other names | substances, where the name alone does not say them | classes | strengths and forms
_TABLE = """
Paracetamol | Panadol, Acetaminophen, Calpol, Cetamol | | | 500 mg tablet; 120 mg/5 ml syrup; 1 g/100 ml infusion
Ibuprofen | Brufen, Nurofen, Advil | | nsaids | 200 mg tablet; 400 mg tablet; 100 mg/5 ml suspension
Ibuprofen and paracetamol | Brustan, Combiflam | ibuprofen, paracetamol | nsaids | 400 mg/325 mg tablet
Diclofenac | Voltaren, Voltarol, Olfen, Cataflam | | nsaids | 50 mg tablet; 75 mg/3 ml injection; 1% gel
Aceclofenac | Hifenac | | nsaids | 100 mg tablet
Naproxen | Naprosyn | | nsaids | 250 mg tablet; 500 mg tablet
Mefenamic acid | Ponstan | | nsaids | 250 mg capsule; 500 mg tablet
Indometacin | Indomethacin, Indocid | indometacin | nsaids | 25 mg capsule
Meloxicam | Mobic | | nsaids | 7.5 mg tablet; 15 mg tablet
Piroxicam | Feldene | | nsaids | 20 mg capsule
Ketorolac | Toradol | | nsaids | 10 mg tablet; 30 mg/ml injection
Celecoxib | Celebrex | | nsaids | 100 mg capsule; 200 mg capsule
Etoricoxib | Arcoxia | | nsaids | 60 mg tablet; 90 mg tablet
Aspirin | Acetylsalicylic acid, Junior aspirin, Disprin, Cardiprin | aspirin | nsaids | 75 mg tablet; 300 mg tablet
Aspirin, paracetamol and caffeine | Mara Moja | aspirin, paracetamol, caffeine | nsaids | tablet
Codeine | Codeine phosphate | | opioids | 30 mg tablet; 15 mg/5 ml syrup
Paracetamol and codeine | Co-codamol, Panadeine | paracetamol, codeine | opioids | 500 mg/8 mg tablet
Dihydrocodeine | DF118 | | opioids | 30 mg tablet
Tramadol | Tramal, Tramadol hydrochloride | | opioids | 50 mg capsule; 100 mg/2 ml injection
Morphine | Morphine sulfate, MST | | opioids | 10 mg tablet; 10 mg/5 ml solution; 10 mg/ml injection
Pethidine | Meperidine | pethidine | opioids | 50 mg/ml injection
Fentanyl | Durogesic | | opioids | 25 micrograms/hour patch; 100 micrograms/2 ml injection
Hyoscine butylbromide | Buscopan | | | 10 mg tablet; 20 mg/ml injection
Amoxicillin | Amoxil, Amoxycillin, Moxacil | | penicillins | 250 mg capsule; 500 mg capsule; 125 mg/5 ml suspension
Amoxicillin and clavulanic acid | Augmentin, Co-amoxiclav, Clavam, Amoxiclav | amoxicillin, clavulanic acid | penicillins | 625 mg tablet; 1 g tablet; 228 mg/5 ml suspension; 1.2 g injection
Amoxicillin and flucloxacillin | Flucamox | amoxicillin, flucloxacillin | penicillins | 500 mg capsule; 250 mg/5 ml suspension
Ampicillin | Penbritin | | penicillins | 500 mg injection; 250 mg capsule
Ampicillin and cloxacillin | Ampiclox | ampicillin, cloxacillin | penicillins | 500 mg capsule; 90 mg/0.6 ml drops
Cloxacillin | Orbenin | | penicillins | 250 mg capsule; 500 mg injection
Flucloxacillin | Floxapen | | penicillins | 250 mg capsule; 500 mg capsule; 125 mg/5 ml suspension
Phenoxymethylpenicillin | Penicillin V, Pen V | phenoxymethylpenicillin | penicillins | 250 mg tablet; 125 mg/5 ml suspension
Benzylpenicillin | Penicillin G, Crystalline penicillin, X-Pen | benzylpenicillin | penicillins | 1 million units injection; 5 million units injection
Benzathine benzylpenicillin | Benzathine penicillin, Penadur | benzathine benzylpenicillin, benzylpenicillin | penicillins | 1.2 million units injection; 2.4 million units injection
Piperacillin and tazobactam | Tazocin | piperacillin, tazobactam | penicillins | 4.5 g injection
Cefalexin | Cephalexin, Keflex, Ceporex | cefalexin | cephalosporins | 250 mg capsule; 500 mg capsule; 125 mg/5 ml suspension
Cefuroxime | Zinnat, Zinacef | | cephalosporins | 250 mg tablet; 500 mg tablet; 750 mg injection
Cefixime | Suprax | | cephalosporins | 200 mg tablet; 400 mg tablet; 100 mg/5 ml suspension
Cefpodoxime | Orelox | | cephalosporins | 100 mg tablet; 200 mg tablet
Ceftriaxone | Rocephin | | cephalosporins | 250 mg injection; 1 g injection
Ceftazidime | Fortum | | cephalosporins | 1 g injection
Cefazolin | Kefzol | | cephalosporins | 1 g injection
Meropenem | Meronem | | carbapenems | 500 mg injection; 1 g injection
Imipenem and cilastatin | Tienam | imipenem, cilastatin | carbapenems | 500 mg injection
Azithromycin | Zithromax | | macrolides | 250 mg capsule; 500 mg tablet; 200 mg/5 ml suspension
Erythromycin | Erythrocin | | macrolides | 250 mg tablet; 500 mg tablet; 125 mg/5 ml suspension
Clarithromycin | Klacid, Klaricid | | macrolides | 250 mg tablet; 500 mg tablet
Clindamycin | Dalacin C | | | 150 mg capsule; 300 mg capsule; 1% gel
Doxycycline | Vibramycin | | tetracyclines | 100 mg capsule
Tetracycline | Tetracycline eye ointment | | tetracyclines | 250 mg capsule; 1% eye ointment
Minocycline | Minocin | | tetracyclines | 50 mg capsule; 100 mg capsule
Ciprofloxacin | Ciproxin, Cipro | | quinolones | 250 mg tablet; 500 mg tablet; 0.3% eye drops
Levofloxacin | Tavanic | | quinolones | 500 mg tablet; 750 mg tablet
Moxifloxacin | Avelox | | quinolones | 400 mg tablet
Norfloxacin | Noroxin | | quinolones | 400 mg tablet
Ofloxacin | Tarivid | | quinolones | 200 mg tablet; 0.3% eye drops
Nalidixic acid | Negram | | quinolones | 500 mg tablet
Gentamicin | Garamycin | | aminoglycosides | 80 mg/2 ml injection; 0.3% eye drops
Amikacin | Amikin | | aminoglycosides | 500 mg/2 ml injection
Tobramycin | Tobrex | | aminoglycosides | 0.3% eye drops
Neomycin | Neomycin sulfate | | aminoglycosides | 500 mg tablet; 0.5% cream
Streptomycin | Streptomycin sulfate | | aminoglycosides | 1 g injection
Vancomycin | Vancocin | | | 500 mg injection
Chloramphenicol | Chloromycetin | | | 0.5% eye drops; 1% eye ointment; 1 g injection
Co-trimoxazole | Septrin, Bactrim, Cotrimoxazole, Trimethoprim and sulfamethoxazole | sulfamethoxazole, trimethoprim | sulfonamides | 480 mg tablet; 960 mg tablet; 240 mg/5 ml suspension
Sulfadiazine | Sulphadiazine | sulfadiazine | sulfonamides | 500 mg tablet
Silver sulfadiazine | Flamazine, Burnazin | silver sulfadiazine, sulfadiazine | sulfonamides | 1% cream
Sulfasalazine | Salazopyrin, Sulphasalazine | sulfasalazine | sulfonamides | 500 mg tablet
Nitrofurantoin | Macrodantin, Furadantin | | | 50 mg capsule; 100 mg capsule
Metronidazole | Flagyl | | nitroimidazoles | 200 mg tablet; 400 mg tablet; 200 mg/5 ml suspension; 500 mg/100 ml infusion
Tinidazole | Fasigyn | | nitroimidazoles | 500 mg tablet
Secnidazole | Secnidal | | nitroimidazoles | 1 g tablet
Isoniazid | INH | | | 100 mg tablet; 300 mg tablet
Rifampicin | Rifampin, Rifadin | rifampicin | rifamycins | 150 mg capsule; 300 mg capsule
Rifampicin and isoniazid | Rifinah | rifampicin, isoniazid | rifamycins | 150 mg/75 mg tablet
Rifampicin, isoniazid, pyrazinamide and ethambutol | RHZE | rifampicin, isoniazid, pyrazinamide, ethambutol | rifamycins | 150 mg/75 mg/400 mg/275 mg tablet
Pyrazinamide | PZA | | | 400 mg tablet; 500 mg tablet
Ethambutol | Myambutol | | | 100 mg tablet; 400 mg tablet
Tenofovir, lamivudine and dolutegravir | TLD | tenofovir, lamivudine, dolutegravir | | 300 mg/300 mg/50 mg tablet
Abacavir and lamivudine | Kivexa | abacavir, lamivudine | | 600 mg/300 mg tablet; 120 mg/60 mg tablet
Dolutegravir | Tivicay | | | 10 mg tablet; 50 mg tablet
Aciclovir | Acyclovir, Zovirax | aciclovir | | 200 mg tablet; 400 mg tablet; 5% cream
Fluconazole | Diflucan | | azoles | 150 mg capsule; 200 mg tablet
Itraconazole | Sporanox | | azoles | 100 mg capsule
Ketoconazole | Nizoral | | azoles | 2% cream; 2% shampoo
Clotrimazole | Canesten | | azoles | 1% cream; 100 mg pessary; 500 mg pessary
Miconazole | Daktarin | | azoles | 2% cream; 2% oral gel
Terbinafine | Lamisil | | | 250 mg tablet; 1% cream
Griseofulvin | Grisovin | | | 250 mg tablet; 500 mg tablet
Nystatin | Mycostatin | | | 100,000 units/ml suspension
Artemether and lumefantrine | Coartem, Lonart | artemether, lumefantrine | artemisinins | 20 mg/120 mg tablet; 80 mg/480 mg tablet
Dihydroartemisinin and piperaquine | Duo-Cotecxin, P-Alaxin, DHAP | dihydroartemisinin, piperaquine | artemisinins | 40 mg/320 mg tablet
Artesunate | Artesun | | artemisinins | 60 mg injection; 100 mg suppository
Quinine | Quinine sulfate | | cinchona | 300 mg tablet; 600 mg/2 ml injection
Chloroquine | Chloroquine phosphate | | | 250 mg tablet
Hydroxychloroquine | Plaquenil | | | 200 mg tablet
Mefloquine | Lariam | | cinchona | 250 mg tablet
Primaquine | Primaquine phosphate | | | 15 mg tablet
Atovaquone and proguanil | Malarone | atovaquone, proguanil | | 250 mg/100 mg tablet
Sulfadoxine and pyrimethamine | Fansidar | sulfadoxine, pyrimethamine | sulfonamides | 500 mg/25 mg tablet
Albendazole | Zentel | | | 400 mg tablet; 100 mg/5 ml suspension
Mebendazole | Vermox, Natoa | | | 100 mg tablet; 500 mg tablet
Praziquantel | Biltricide | | | 600 mg tablet
Ivermectin | Mectizan | | | 3 mg tablet
Levamisole | Ketrax | | | 40 mg tablet; 40 mg/5 ml syrup
Amlodipine | Norvasc | | | 5 mg tablet; 10 mg tablet
Nifedipine | Adalat | | | 20 mg modified-release tablet
Atenolol | Tenormin | | | 50 mg tablet; 100 mg tablet
Bisoprolol | Concor | | | 2.5 mg tablet; 5 mg tablet
Carvedilol | Dilatrend | | | 6.25 mg tablet; 12.5 mg tablet
Propranolol | Inderal | | | 10 mg tablet; 40 mg tablet
Labetalol | Trandate | | | 100 mg tablet; 200 mg tablet
Enalapril | Vasotec, Renitec | | ace-inhibitors | 5 mg tablet; 10 mg tablet
Lisinopril | Zestril | | ace-inhibitors | 5 mg tablet; 10 mg tablet
Captopril | Capoten | | ace-inhibitors | 25 mg tablet
Losartan | Cozaar | | | 50 mg tablet; 100 mg tablet
Losartan and hydrochlorothiazide | Hyzaar | losartan, hydrochlorothiazide | | 50 mg/12.5 mg tablet
Telmisartan | Micardis | | | 40 mg tablet; 80 mg tablet
Valsartan | Diovan | | | 80 mg tablet; 160 mg tablet
Hydrochlorothiazide | HCTZ | | | 25 mg tablet
Furosemide | Frusemide, Lasix | furosemide | | 40 mg tablet; 20 mg/2 ml injection
Spironolactone | Aldactone | | | 25 mg tablet; 50 mg tablet
Indapamide | Natrilix | | | 1.5 mg modified-release tablet
Methyldopa | Aldomet | | | 250 mg tablet
Hydralazine | Apresoline | | | 25 mg tablet; 20 mg injection
Digoxin | Lanoxin | | | 0.25 mg tablet
Isosorbide dinitrate | Isordil | | | 10 mg tablet
Clopidogrel | Plavix | | | 75 mg tablet
Warfarin | Marevan | | | 1 mg tablet; 5 mg tablet
Rivaroxaban | Xarelto | | | 15 mg tablet; 20 mg tablet
Enoxaparin | Clexane | | heparins | 40 mg injection; 80 mg injection
Heparin | Heparin sodium | | heparins | 5,000 units/ml injection
Atorvastatin | Lipitor | | statins | 10 mg tablet; 20 mg tablet; 40 mg tablet
Rosuvastatin | Crestor | | statins | 10 mg tablet; 20 mg tablet
Simvastatin | Zocor | | statins | 20 mg tablet
Tranexamic acid | Cyklokapron | | | 500 mg tablet; 500 mg/5 ml injection
Metformin | Glucophage | | | 500 mg tablet; 850 mg tablet; 1 g tablet
Glibenclamide | Daonil, Glyburide | glibenclamide | | 5 mg tablet
Gliclazide | Diamicron | | | 30 mg modified-release tablet; 80 mg tablet
Glimepiride | Amaryl | | | 1 mg tablet; 2 mg tablet; 4 mg tablet
Sitagliptin | Januvia | | | 50 mg tablet; 100 mg tablet
Sitagliptin and metformin | Janumet | sitagliptin, metformin | | 50 mg/500 mg tablet; 50 mg/1 g tablet
Insulin, soluble | Actrapid, Humulin R, Soluble insulin | soluble insulin | | 100 units/ml injection
Insulin, biphasic isophane | Mixtard, Humulin 70/30, Mixed insulin | biphasic isophane insulin | | 100 units/ml injection
Insulin glargine | Lantus | | | 100 units/ml injection
Levothyroxine | Eltroxin, Thyroxine | levothyroxine | | 25 micrograms tablet; 50 micrograms tablet; 100 micrograms tablet
Carbimazole | Neo-Mercazole | | | 5 mg tablet; 20 mg tablet
Omeprazole | Losec, Omez | | | 20 mg capsule; 40 mg injection
Esomeprazole | Nexium | | | 20 mg tablet; 40 mg tablet
Pantoprazole | Pantoloc | | | 20 mg tablet; 40 mg tablet
Ranitidine | Zantac | | | 150 mg tablet
Famotidine | Pepcid | | | 20 mg tablet; 40 mg tablet
Magnesium trisilicate | Mist. mag. trisilicate | | | tablet; suspension
Sodium alginate, sodium bicarbonate and calcium carbonate | Gaviscon | sodium alginate, sodium bicarbonate, calcium carbonate | | suspension; tablet
Domperidone | Motilium | | | 10 mg tablet
Metoclopramide | Plasil, Maxolon | | | 10 mg tablet; 10 mg/2 ml injection
Ondansetron | Zofran | | | 4 mg tablet; 8 mg tablet; 4 mg/2 ml injection
Loperamide | Imodium | | | 2 mg capsule
Oral rehydration salts | ORS | oral rehydration salts | | 500 ml sachet
Zinc sulfate | Zinc | zinc sulfate | | 20 mg dispersible tablet
Bisacodyl | Dulcolax | | | 5 mg tablet
Lactulose | Duphalac | | | 3.35 g/5 ml syrup
Cetirizine | Zyrtec | | | 10 mg tablet; 5 mg/5 ml syrup
Loratadine | Clarityn | | | 10 mg tablet; 5 mg/5 ml syrup
Fexofenadine | Telfast | | | 120 mg tablet; 180 mg tablet
Chlorphenamine | Chlorpheniramine, Piriton | chlorphenamine | | 4 mg tablet; 2 mg/5 ml syrup
Promethazine | Phenergan | | | 25 mg tablet; 5 mg/5 ml syrup
Betamethasone and dexchlorpheniramine | Celestamine | betamethasone, dexchlorpheniramine | | 0.25 mg/2 mg tablet
Salbutamol | Ventolin, Albuterol | salbutamol | | 100 micrograms inhaler; 2 mg/5 ml syrup; 5 mg/ml nebuliser solution
Ipratropium | Atrovent | | | 20 micrograms inhaler; 250 micrograms/ml nebuliser solution
Beclometasone | Beclomethasone, Becotide, Clenil | beclometasone | | 100 micrograms inhaler; 50 micrograms nasal spray
Budesonide | Pulmicort | | | 200 micrograms inhaler
Budesonide and formoterol | Symbicort | budesonide, formoterol | | 160/4.5 micrograms inhaler
Fluticasone | Flixotide, Flixonase | | | 125 micrograms inhaler; 50 micrograms nasal spray
Salmeterol and fluticasone | Seretide | salmeterol, fluticasone | | 25/125 micrograms inhaler
Montelukast | Singulair | | | 4 mg chewable tablet; 5 mg chewable tablet; 10 mg tablet
Aminophylline | Aminophylline injection | | | 250 mg/10 ml injection
Prednisolone | Prednisolone tablets | | | 5 mg tablet
Dexamethasone | Decadron | | | 0.5 mg tablet; 4 mg/ml injection; 0.1% eye drops
Hydrocortisone | Solu-Cortef | | | 100 mg injection; 1% cream
Betamethasone | Betnovate | | | 0.1% cream
Carbamazepine | Tegretol | | aromatic-antiepileptics | 200 mg tablet; 100 mg/5 ml suspension
Phenytoin | Epanutin | | aromatic-antiepileptics | 50 mg tablet; 100 mg capsule
Phenobarbital | Phenobarbitone | phenobarbital | aromatic-antiepileptics | 30 mg tablet; 200 mg/ml injection
Sodium valproate | Epilim, Valproic acid, Valproate | valproate | | 200 mg tablet; 500 mg tablet; 200 mg/5 ml syrup
Lamotrigine | Lamictal | | aromatic-antiepileptics | 25 mg tablet; 100 mg tablet
Levetiracetam | Keppra | | | 250 mg tablet; 500 mg tablet
Gabapentin | Neurontin | | | 300 mg capsule
Pregabalin | Lyrica | | | 75 mg capsule; 150 mg capsule
Diazepam | Valium | | | 5 mg tablet; 10 mg/2 ml injection
Lorazepam | Ativan | | | 1 mg tablet
Clonazepam | Rivotril | | | 0.5 mg tablet; 2 mg tablet
Amitriptyline | Tryptanol | | | 25 mg tablet
Fluoxetine | Prozac | | | 20 mg capsule
Sertraline | Zoloft | | | 50 mg tablet; 100 mg tablet
Escitalopram | Cipralex | | | 10 mg tablet; 20 mg tablet
Haloperidol | Haldol | | | 5 mg tablet; 5 mg/ml injection
Chlorpromazine | Largactil | | | 100 mg tablet; 50 mg/2 ml injection
Risperidone | Risperdal | | | 1 mg tablet; 2 mg tablet
Olanzapine | Zyprexa | | | 5 mg tablet; 10 mg tablet
Trihexyphenidyl | Benzhexol, Artane | trihexyphenidyl | | 5 mg tablet
Levodopa and carbidopa | Sinemet | levodopa, carbidopa | | 250 mg/25 mg tablet
Ferrous sulfate | Iron tablets, Ferrous sulphate | iron | | 200 mg tablet
Ferrous sulfate and folic acid | IFAS, Iron and folic acid | iron, folic acid | | 60 mg/0.4 mg tablet
Folic acid | Folate | folic acid | | 0.4 mg tablet; 5 mg tablet
Vitamin B complex | B complex, Neurobion | vitamin b complex | | tablet; injection
Pyridoxine | Vitamin B6 | pyridoxine | | 25 mg tablet; 50 mg tablet
Calcium and vitamin D3 | Calcium with vitamin D | calcium, colecalciferol | | 500 mg/400 units tablet
Vitamin A | Retinol | retinol | | 100,000 units capsule; 200,000 units capsule
Medroxyprogesterone | Depo-Provera | | | 150 mg/ml injection
Levonorgestrel and ethinylestradiol | Microgynon, Femiplan | levonorgestrel, ethinylestradiol | | 0.15 mg/0.03 mg tablet
Levonorgestrel | Postinor | | | 0.75 mg tablet; 1.5 mg tablet
Misoprostol | Cytotec | | | 200 micrograms tablet
Oxytocin | Syntocinon | | | 10 units/ml injection
Allopurinol | Zyloric | | | 100 mg tablet; 300 mg tablet
Colchicine | Colchicine tablets | | | 0.5 mg tablet
Methotrexate | Methotrexate tablets | | | 2.5 mg tablet
Tamsulosin | Flomax, Omnic | | | 0.4 mg capsule
Finasteride | Proscar | | | 5 mg tablet
Sildenafil | Viagra | | | 50 mg tablet; 100 mg tablet
Lidocaine | Lignocaine, Xylocaine | lidocaine | local-anaesthetics | 2% injection; 2% gel
Bupivacaine | Marcain | | local-anaesthetics | 0.5% injection
Adrenaline | Epinephrine | adrenaline | | 1 mg/ml injection
Atropine | Atropine sulfate | | | 1 mg/ml injection; 1% eye drops
Timolol | Timoptol | | | 0.5% eye drops
Latanoprost | Xalatan | | | 0.005% eye drops
Permethrin | Lyclear | | | 5% cream
Benzyl benzoate | Ascabiol | | | 25% emulsion
Mupirocin | Bactroban | | | 2% ointment
Fusidic acid | Fucidin | | | 2% cream
Calamine | Calamine lotion | | | 15% lotion
Benzoic acid and salicylic acid | Whitfield's ointment | benzoic acid, salicylic acid | | 6%/3% ointment
Acetylcysteine | Mucomyst | | | 200 mg sachet; 600 mg tablet
"""  # noqa: E501 - a table reads by its rows


@dataclass(frozen=True, slots=True)
class KnownMedicine:
    """`names` are the generic name, brands and other spellings; `substances` in small letters."""

    name: str
    names: tuple[str, ...]
    substances: tuple[str, ...]
    classes: tuple[str, ...]
    forms: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """As it is written on a prescription, once for each usual strength: "Amoxicillin 500 mg capsule"."""
        return tuple(f"{self.name} {form}" for form in self.forms)


@cache
def known_medicines() -> tuple[KnownMedicine, ...]:
    """All of them, by name."""
    return tuple(sorted((_read(line) for line in _TABLE.strip().splitlines()), key=lambda one: one.name))


def _read(line: str) -> KnownMedicine:
    name, others, substances, classes, forms = (part.strip() for part in line.split("|"))
    return KnownMedicine(
        name=name,
        names=(name, *_parts(others)),
        substances=_parts(substances) or (name.lower(),),
        classes=_parts(classes),
        forms=tuple(part.strip() for part in forms.split(";")),
    )


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())
