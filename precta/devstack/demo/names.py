"""Given and family names that are common in Kenya; every combination is invented."""

WOMEN = tuple(
    """
    Achieng Akinyi Amina Asha Atieno Auma Chebet Chepkoech Cherono Esther Faith Fatuma Grace Halima Jebet Joyce
    Kagwiria Khadija Kwamboka Lilian Makena Mary Mercy Moraa Mumbi Muthoni Mwanaisha Naliaka Nafula Nasimiyu Njeri
    Nyambura Purity Rehema Rose Ruth Salma Saida Sarah Wairimu Wambui Wangari Wanjiku Winfred Yasmin Zainab Zawadi
    """.split()
)
MEN = tuple(
    """
    Abdi Ali Anthony Baraka Barasa Brian Charles Daniel David Dennis Elijah Francis George Hamisi Hassan Hussein
    Ibrahim James John Joseph Juma Kamau Karanja Kelvin Kevin Kiprono Kiptoo Kipchumba Macharia Mohamed Musa Mutua
    Mwangi Nicholas Njuguna Ochieng Odhiambo Onyango Otieno Patrick Paul Peter Rashid Said Samuel Simiyu Wafula
    """.split()
)
FAMILIES = tuple(
    """
    Abdalla Adan Barasa Bett Chebet Cheruiyot Farah Gichuru Gitonga Hassan Juma Kamau Karanja Kariuki Kiarie Kibet
    Kilonzo Kimani Kimutai Kiplagat Kiprono Koech Korir Langat Maina Makori Mbithi Mburu Mohamed Momanyi Muchiri
    Mulwa Muriithi Musyoka Mutai Mutiso Mwakio Mwangi Mwikali Ndegwa Ngugi Njenga Njoroge Nyaga Nzomo Obura
    Ochieng Odera Ogutu Okello Okoth Omar Omondi Ondieki Onyango Otieno Ouma Oyoo Rotich Salim Sang Simiyu
    Tanui Wafula Wambua Wanyama Wekesa Were Yusuf
    """.split()
)
