"""Which of Azure's voices are men's: their names, in small letters.

https://learn.microsoft.com/azure/ai-services/speech-service/language-support?tabs=tts
"""

from __future__ import annotations

import re

MEN = frozenset(
    re.findall(
        r"\w+",
        """
        abdullah abeo adam ahmet aled aleksandar alessio alex alfie ali alonso alvaro ameha anbu
        andres andrew angelo antoine antonin antonio ardi arnaud asad avri babek bashkar bassel
        bataa benigno bernd borislav brandon brian carlos cecilio chanthavong chilemba christoph
        christopher colm connor conrad daichi dario darren daudi daulet davis diego dimas dmitry
        donato duarte duncan elias elimu elliot emil emilio enric eric ethan fabio fabrice fahed
        farid federico finn florian gagan gerard gerardo gianni giorgi giuseppe gonzalo goran
        gulnawaz gunnar guy hamdan hamed harri hedi henri hyunsu ilir injoon ismael jacob jajang
        jamal james jan jason javier jean jeppe jonas jorge joseph juan julio kai kasper keita ken
        kert killian klaus kumar laith leonas liam lorenzo luciano luis lukas luke maarten madhur
        manohar manuel marcello marcelo marek mario masaru mateo mattias maurice midhun mitchell
        moaz mohan muuse namminh naoki neil nestoras nicholas nils niranjan niwat noah oliver
        ollie omar osman ostap pelayo piseth prabhat pradeep rafiki ralf rami remy rinaldo roberto
        rodrigo roger roi rok ryan sagar saleh salman sam sameera sardor sebastian shakir srecko
        steffan surya taim tamas teo themba thierry thiha thomas tim tomas tony tristan valerio
        valluvar victor wanlung wayne willem william yago yunfeng yunhao yunjhe yunjian yunxi
        yunxia yunyang yunye yunze
        """,
    )
)
