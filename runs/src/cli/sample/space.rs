//! Hard constraints of `druse sample`.

use crate::generators::{DesignSpace, SpaceError};
use crate::representations::{Composition, Element};
use clap::Args;

use super::super::values::{YesNo, element, range};

/// Hard constraints: no sample is outside.
#[derive(Args)]
#[command(next_help_heading = "Hard constraints")]
pub struct SpaceArguments {
    /// Allowed elements; all when absent
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = element)]
    pub elements: Vec<Element>,
    /// Elements of every sample
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = element)]
    pub required: Vec<Element>,
    /// Elements of no sample; those joined as in Na-K only not together
    #[arg(long, value_name = "A,B-C,...", value_delimiter = ',', value_parser = system)]
    pub exclude: Vec<System>,
    /// Elements of a chemical system such as Li-Fe-P-O and no others; a condition, too, where the model
    /// knows elements
    #[arg(long, value_name = "A-B-...", value_parser = system, conflicts_with = "elements")]
    pub system: Option<System>,
    /// Different elements in a sample; 1..4 when absent
    #[arg(long, value_name = "N..M", value_parser = range)]
    pub element_count: Option<[usize; 2]>,
    /// Atoms in the primitive cell, 1..20 when absent; of ligands, hydrogens included
    #[arg(long, value_name = "N..M", value_parser = range)]
    pub atoms: Option<[usize; 2]>,
    /// Allowed space groups, numbers and ranges such as 62,140..230
    #[arg(long, value_name = "N,N..M,...", value_delimiter = ',', value_parser = range)]
    pub space_groups: Vec<[usize; 2]>,
    /// Exactly these atoms in the primitive cell (crystal structure prediction), such as Ti2O4
    #[arg(long, value_name = "FORMULA", conflicts_with_all = ["elements", "system", "required", "exclude", "element_count", "atoms"])]
    pub formula: Option<Composition>,
    /// Whether oxidation states have to balance (metals alone pass); yes when absent, no with --formula
    #[arg(long, value_name = "YES|NO", value_enum)]
    pub charge_neutral: Option<YesNo>,
}

/// Elements joined by hyphens.
#[derive(Clone)]
pub struct System(pub Vec<Element>);

fn system(text: &str) -> Result<System, String> {
    text.split('-').map(element).collect::<Result<_, _>>().map(System)
}

impl SpaceArguments {
    /// The space of these constraints; only crystals of the formula when there is one.
    pub fn space(&self, formula: Option<&Composition>) -> Result<DesignSpace, SpaceError> {
        let all = || Element::all().collect::<Vec<_>>();
        let named: Vec<Element> = formula.iter().flat_map(|formula| formula.elements()).collect();
        let allowed = match &self.system {
            _ if !named.is_empty() => named,
            Some(System(elements)) => elements.clone(),
            None if self.elements.is_empty() => all(),
            None => self.elements.clone(),
        };
        let mut space = DesignSpace::new(allowed);
        for System(elements) in &self.exclude {
            match elements.as_slice() {
                [one] => space.elements.retain(|element| element != one),
                several => space.excluded.push(several.to_vec()),
            }
        }
        space.required = self.required.clone();
        space.required.sort_unstable();
        space.required.dedup();
        if let Some(formula) = formula {
            let atoms = formula.atom_count().round() as usize;
            let kinds = formula.elements().count();
            (space.atoms, space.element_count, space.charge) = ([atoms, atoms], [kinds, kinds], None);
        }
        let most = space.element_count[1].max(space.required.len()).min(space.elements.len().max(1));
        space.element_count = self.element_count.unwrap_or([space.element_count[0].min(most), most]);
        space.atoms = self.atoms.unwrap_or(space.atoms);
        if !self.space_groups.is_empty() {
            let numbers = self.space_groups.iter().flat_map(|&[first, last]| first..=last);
            // 0 is no space group, so that what is too large is refused below.
            let mut groups: Vec<u8> = numbers.map(|n| u8::try_from(n).unwrap_or(0)).collect();
            groups.sort_unstable();
            groups.dedup();
            space.space_groups = groups;
        }
        match self.charge_neutral {
            Some(YesNo::Yes) => {
                space.charge = Some(crate::datasets::elements::charge::ChargeRules::default())
            }
            Some(YesNo::No) => space.charge = None,
            None => {}
        }
        space.check()?;
        Ok(space)
    }
}
