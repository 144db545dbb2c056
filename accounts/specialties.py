"""The fields of medicine that the portal knows, and the words people really type for them.

`words` are synonyms, lay words and complaints in English and Swahili. They only lead a search to a field: nothing on a
page claims that a word is a diagnosis. They are matched without accents and by their beginning.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Specialty:
    slug: str
    name: Text
    practitioner: Text
    practitioners: Text
    icon: str
    words: str = field(repr=False)


ALL: tuple[Specialty, ...] = (
    Specialty(
        "general-practice",
        _("General practice"),
        _("General practitioner"),
        _("General practitioners"),
        "stethoscope",
        "gp family medicine doctor physician primary care check-up checkup fever flu cold cough malaria typhoid "
        "headache diarrhoea vomiting infection medical certificate daktari familia homa mafua kikohozi kuharisha "
        "kutapika kichwa kuumwa maumivu uchovu ukaguzi afya",
    ),
    Specialty(
        "paediatrics",
        _("Paediatrics"),
        _("Paediatrician"),
        _("Paediatricians"),
        "baby",
        "pediatrics pediatrician child children kids baby babies infant newborn toddler immunisation vaccination "
        "growth watoto mtoto mchanga kachanga chanjo",
    ),
    Specialty(
        "obstetrics-gynaecology",
        _("Obstetrics and gynaecology"),
        _("Obstetrician-gynaecologist"),
        _("Obstetrician-gynaecologists"),
        "venus",
        "gynecology gynecologist gynae obgyn women womens health pregnancy pregnant antenatal prenatal postnatal "
        "delivery maternity period fibroids menopause family planning contraception pap smear "
        "wanawake mwanamke mjamzito ujauzito mimba uzazi kliniki hedhi kujifungua",
    ),
    Specialty(
        "cardiology",
        _("Cardiology"),
        _("Cardiologist"),
        _("Cardiologists"),
        "heart-pulse",
        "heart blood pressure hypertension bp chest pain palpitations cholesterol ecg echo "
        "moyo presha shinikizo damu kifua",
    ),
    Specialty(
        "dermatology",
        _("Dermatology"),
        _("Dermatologist"),
        _("Dermatologists"),
        "sparkles",
        "skin rash acne pimples eczema psoriasis hair loss nails itching fungal allergy vitiligo "
        "ngozi chunusi upele vipele muwasho nywele kucha mba",
    ),
    Specialty(
        "dentistry",
        _("Dentistry"),
        _("Dentist"),
        _("Dentists"),
        "smile",
        "dental teeth tooth toothache gum cavity filling root canal braces cleaning whitening wisdom extraction "
        "meno jino fizi kung'oa",
    ),
    Specialty(
        "mental-health",
        _("Mental health"),
        _("Psychiatrist"),
        _("Psychiatrists"),
        "brain",
        "psychiatry psychiatric depression anxiety stress bipolar panic trauma ptsd addiction insomnia adhd mood "
        "akili afya ya akili msongo mawazo huzuni wasiwasi uraibu",
    ),
    Specialty(
        "psychology",
        _("Psychology and counselling"),
        _("Psychologist"),
        _("Psychologists"),
        "message-circle-heart",
        "counsellor counselor counselling therapist therapy talk grief marriage couples relationship stress burnout "
        "ushauri nasaha mshauri saikolojia ndoa msongo huzuni",
    ),
    Specialty(
        "internal-medicine",
        _("Internal medicine"),
        _("Physician"),
        _("Physicians"),
        "activity",
        "internist consultant adult chronic illness pressure sugar diabetes hypertension "
        "magonjwa sugu watu wazima kisukari presha",
    ),
    Specialty(
        "diabetes-endocrinology",
        _("Diabetes and hormones"),
        _("Endocrinologist"),
        _("Endocrinologists"),
        "droplet",
        "endocrinology diabetes sugar insulin thyroid goitre hormones obesity pcos kisukari sukari tezi homoni unene",
    ),
    Specialty(
        "ear-nose-throat",
        _("Ear, nose and throat"),
        _("ENT specialist"),
        _("ENT specialists"),
        "ear",
        "ent otolaryngology hearing sinus sinusitis tonsils tonsillitis snoring vertigo nosebleed throat "
        "masikio sikio pua koo kusikia kukoroma mafindofindo",
    ),
    Specialty(
        "ophthalmology",
        _("Eye care"),
        _("Ophthalmologist"),
        _("Ophthalmologists"),
        "eye",
        "eyes eye vision sight glasses spectacles cataract glaucoma red optometrist optician retina "
        "macho jicho miwani kuona",
    ),
    Specialty(
        "orthopaedics",
        _("Orthopaedics"),
        _("Orthopaedic surgeon"),
        _("Orthopaedic surgeons"),
        "bone",
        "orthopedics orthopedic bones joints fracture broken knee hip shoulder back spine sports injury arthritis "
        "mifupa mfupa viungo goti nyonga mgongo kuvunjika",
    ),
    Specialty(
        "physiotherapy",
        _("Physiotherapy"),
        _("Physiotherapist"),
        _("Physiotherapists"),
        "accessibility",
        "physio rehabilitation rehab exercise back pain neck stroke recovery sports massage muscle "
        "mazoezi viungo mgongo shingo misuli kiharusi",
    ),
    Specialty(
        "neurology",
        _("Neurology"),
        _("Neurologist"),
        _("Neurologists"),
        "brain-circuit",
        "nerves brain epilepsy seizures convulsions migraine headache stroke parkinson numbness tremor memory dementia "
        "neva ubongo kifafa degedege kipandauso kiharusi ganzi kumbukumbu",
    ),
    Specialty(
        "gastroenterology",
        _("Gastroenterology"),
        _("Gastroenterologist"),
        _("Gastroenterologists"),
        "utensils",
        "stomach digestion ulcers ulcer acid reflux heartburn h pylori liver hepatitis bowel constipation endoscopy "
        "tumbo vidonda kiungulia ini utumbo kufunga choo mmeng'enyo",
    ),
    Specialty(
        "respiratory-medicine",
        _("Chest and lungs"),
        _("Chest physician"),
        _("Chest physicians"),
        "wind",
        "pulmonology pulmonologist respiratory lungs asthma tb tuberculosis pneumonia breathing wheeze cough copd "
        "allergy mapafu pumu kifua kikuu kupumua nimonia kikohozi",
    ),
    Specialty(
        "urology",
        _("Urology"),
        _("Urologist"),
        _("Urologists"),
        "droplets",
        "urine bladder prostate kidney stones men mens health erectile circumcision vasectomy uti "
        "mkojo kibofu tezi dume wanaume nguvu za kiume tohara",
    ),
    Specialty(
        "nephrology",
        _("Kidney care"),
        _("Nephrologist"),
        _("Nephrologists"),
        "bean",
        "kidneys kidney renal dialysis transplant creatinine swelling figo mafigo kusafisha damu kuvimba",
    ),
    Specialty(
        "oncology",
        _("Cancer care"),
        _("Oncologist"),
        _("Oncologists"),
        "ribbon",
        "cancer tumour tumor lump breast cervical prostate chemotherapy radiotherapy screening "
        "saratani kansa uvimbe titi matiti",
    ),
    Specialty(
        "general-surgery",
        _("General surgery"),
        _("General surgeon"),
        _("General surgeons"),
        "scissors",
        "surgeon operation hernia appendix appendicitis gallbladder piles haemorrhoids wound lump "
        "upasuaji kupasuliwa ngiri bawasiri kidole tumbo kidonda",
    ),
    Specialty(
        "rheumatology",
        _("Rheumatology"),
        _("Rheumatologist"),
        _("Rheumatologists"),
        "hand",
        "arthritis gout lupus joint pain rheumatoid stiffness baridi yabisi jongo viungo maungio",
    ),
    Specialty(
        "infectious-diseases",
        _("Infectious diseases"),
        _("Infectious disease specialist"),
        _("Infectious disease specialists"),
        "shield-plus",
        "hiv aids arv prep tb tuberculosis malaria typhoid sti std hepatitis travel tropical covid "
        "ukimwi virusi maambukizi zinaa malaria homa ya matumbo",
    ),
    Specialty(
        "haematology",
        _("Blood disorders"),
        _("Haematologist"),
        _("Haematologists"),
        "test-tube",
        "hematology hematologist blood anaemia anemia sickle cell clot leukaemia bleeding damu upungufu selimundu",
    ),
    Specialty(
        "nutrition",
        _("Nutrition and diet"),
        _("Nutritionist"),
        _("Nutritionists"),
        "apple",
        "dietitian dietician diet food weight loss obesity eating healthy lishe chakula uzito unene kupungua",
    ),
    Specialty(
        "fertility",
        _("Fertility"),
        _("Fertility specialist"),
        _("Fertility specialists"),
        "flower-2",
        "ivf infertility conceive sperm ovulation reproductive utasa ugumba uzazi",
    ),
    Specialty(
        "palliative-care",
        _("Palliative care"),
        _("Palliative care physician"),
        _("Palliative care physicians"),
        "hand-heart",
        "hospice pain relief terminal comfort home care huduma shufaa maumivu nyumbani",
    ),
    Specialty(
        "radiology",
        _("Radiology"),
        _("Radiologist"),
        _("Radiologists"),
        "scan-line",
        "x-ray xray scan ultrasound ct mri mammogram imaging picha eksirei ultrasaundi",
    ),
)

BY_SLUG: dict[str, Specialty] = {specialty.slug: specialty for specialty in ALL}

# What the home page offers first; the list page offers all.
POPULAR: tuple[str, ...] = (
    "general-practice",
    "paediatrics",
    "obstetrics-gynaecology",
    "dentistry",
    "mental-health",
    "dermatology",
    "cardiology",
    "ear-nose-throat",
    "ophthalmology",
    "orthopaedics",
)
CHOICES: list[tuple[str, Text]] = [(specialty.slug, specialty.name) for specialty in ALL]


def name_of(slug: str) -> str:
    """The field's name in the active language; an unknown slug is shown as words."""
    known = BY_SLUG.get(slug)
    return str(known.name) if known else slug.replace("-", " ").capitalize()


def practitioner_of(slug: str) -> str:
    """What a doctor of this field is called, in the active language."""
    known = BY_SLUG.get(slug)
    return str(known.practitioner) if known else name_of(slug)


def described(slugs: Iterable[str]) -> str:
    """The line under a doctor's name: "Paediatrician", "Paediatrician, chest and lungs"."""
    first, *others = list(slugs) or [""]
    title = practitioner_of(first) if first else gettext("Doctor")
    return ", ".join([title, *(_lowered(name_of(slug)) for slug in others)])


def _lowered(name: str) -> str:
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


# How a list of doctors without a field is called ("Doctors in Nairobi").
DOCTORS: Text = pgettext_lazy("people", "Doctors")
