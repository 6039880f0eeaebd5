//! A checked campaign as the file that says the same: nothing left to defaults, reference files by
//! absolute paths.

use druse_fitness::Goal;
use druse_fitness::xtb::Level;
use druse_generators::SpinRule;
use druse_representations::{Crystal, Element, Geometry};

use super::campaign::{
    Campaign, ComplexSpec, CrystalSpec, Domain, GeneratorSpec, LibraryChoice, LigandSources, LimitSpec,
    ModelSpec, ObjectiveSpec, Preset, ProgramObjective, Reference, RelaxSpec, SecondOpinionSpec, TierSpec,
    XtbSpec,
};
use super::executor::{FilesSpec, SlurmSpec};
use super::file::{
    BudgetSection, CacheSection, CampaignConfig, CampaignSection, ChecksSection, ComplexesSection,
    FilesSection, FilterSection, FunnelSection, GeneratorSection, GoalSetting, HullSection, LedgerSection,
    LibrarySection, LigandNames, LigandsSection, LimitSection, NoveltySection, ObjectiveSection,
    OutputSection, PrecursorSetting, RelaxSection, SecondOpinionSection, SlurmSection, SpaceGroups,
    SpaceSection, TierSection, TrustSection, WarmStartSection, XtbSection,
};
use super::filter::FilterSpec;
use crate::plugins::Kind;
use crate::trust::TrustLimits;
use crate::warm_start;

impl From<&Campaign> for CampaignConfig {
    fn from(campaign: &Campaign) -> Self {
        let shared = Self {
            campaign: CampaignSection {
                name: Some(campaign.name.clone()),
                seed: Some(campaign.seed),
                domain: Some(campaign.domain.name().to_owned()),
                budget: Some(campaign.budget),
                population: Some(campaign.population as u64),
                executor: Some(campaign.executor.name().to_owned()),
            },
            budget: BudgetSection {
                max_evaluations: campaign.budgets.evaluations,
                max_wall: campaign.budgets.hours,
                max_kwh: campaign.budgets.kwh,
                min_gain_per_kwh: campaign.budgets.gain_per_kwh,
            },
            ledger: LedgerSection { grams_co2_per_kwh: Some(campaign.grams_co2_per_kwh) },
            cache: CacheSection {
                shared: campaign.cache.shared.as_ref().map(|path| path.display().to_string()),
                memory: Some(campaign.cache.memory),
            },
            warm_start: WarmStartSection {
                designs: campaign.warm_start.as_ref().map(|_| warm_start::FILE.to_owned()),
                ..WarmStartSection::default()
            },
            generator: campaign.generators.iter().map(|spec| generator(spec, &campaign.domain)).collect(),
            tier: campaign.tiers.iter().map(tier).collect(),
            objective: campaign.objectives.iter().map(objective).collect(),
            limit: campaign
                .limits
                .iter()
                .map(|spec| LimitSection { name: Some(spec.name.clone()), min: spec.min, max: spec.max })
                .collect(),
            filter: campaign.funnel.filters.iter().map(filter).collect(),
            funnel: FunnelSection { audit: (campaign.funnel.audit != 0.0).then_some(campaign.funnel.audit) },
            novelty: NoveltySection { reference: Some(reference(&campaign.novelty)), reject: None },
            slurm: slurm(&campaign.slurm),
            files: files(&campaign.files),
            output: OutputSection {
                directory: campaign.directory.as_ref().map(|path| path.display().to_string()),
            },
            ..Self::default()
        };
        match &campaign.domain {
            Domain::Crystal(spec) => with_crystals(shared, spec),
            Domain::Complex(spec) => with_complexes(shared, spec),
        }
    }
}

fn slurm(spec: &SlurmSpec) -> SlurmSection {
    let option = |name: &str| {
        let given = spec.options.iter().find(|(option, _)| *option == name);
        given.map(|(_, value)| value.clone())
    };
    let section = SlurmSection {
        partition: option("partition"),
        account: option("account"),
        time: option("time"),
        unit: Some(spec.unit as u64),
        nodes: spec.nodes.map(|nodes| nodes as u64),
        cpus_per_task: Some(spec.cpus_per_task as u64),
        mem: option("mem"),
        gres: option("gres"),
        constraint: option("constraint"),
        lines: Some(spec.lines.clone()),
        grace: Some(spec.grace.as_secs_f64()),
        attempts: Some(u64::from(spec.attempts)),
    };
    // A campaign that says nothing of Slurm is written without it.
    if *spec == SlurmSpec::default() { SlurmSection::default() } else { section }
}

fn files(spec: &FilesSpec) -> FilesSection {
    let section = FilesSection { launch: spec.launch.clone(), unit: Some(spec.unit as u64) };
    if *spec == FilesSpec::default() { FilesSection::default() } else { section }
}

fn reference(reference: &Reference) -> String {
    match reference {
        Reference::Shipped => "shipped".to_owned(),
        Reference::File { path, .. } => path.display().to_string(),
    }
}

fn model(spec: &ModelSpec) -> String {
    spec.path.as_ref().map_or_else(|| "shipped".to_owned(), |path| path.display().to_string())
}

fn range(range: [usize; 2]) -> Option<[u64; 2]> {
    Some(range.map(|n| n as u64))
}

fn numbers(numbers: impl IntoIterator<Item = usize>) -> Option<Vec<u64>> {
    Some(numbers.into_iter().map(|n| n as u64).collect())
}

fn symbols<'a>(elements: impl IntoIterator<Item = &'a Element>) -> Vec<String> {
    elements.into_iter().map(Element::to_string).collect()
}

fn filter(spec: &FilterSpec) -> FilterSection {
    let LimitSpec { name, min, max } = spec.limit.clone();
    FilterSection { name: Some(name), min, max, audit: Some(spec.audit) }
}

fn objective(spec: &ObjectiveSpec) -> ObjectiveSection {
    let section = ObjectiveSection {
        name: Some(spec.name.clone()),
        goal: spec.goal.map(|goal| match goal {
            Goal::Minimise => GoalSetting::Minimise,
            Goal::Maximise => GoalSetting::Maximise,
            Goal::Target(value) => GoalSetting::Target(value),
        }),
        ..ObjectiveSection::default()
    };
    let Some(ProgramObjective { program, unit }) = &spec.program else { return section };
    ObjectiveSection {
        kind: Some("process".to_owned()),
        command: Some(program.words().collect()),
        unit: Some(unit.clone()),
        timeout: Some(program.timeout),
        attempts: Some(u64::from(program.attempts)),
        ..section
    }
}

fn tier(spec: &TierSpec) -> TierSection {
    TierSection { name: Some(spec.name.clone()), after: spec.after.clone() }
}

fn generator(spec: &GeneratorSpec, domain: &Domain) -> GeneratorSection {
    let program = spec.program.as_ref();
    let learned = spec.learned.as_ref();
    let sampled = learned.filter(|_| !spec.is_genetic());
    let section = GeneratorSection {
        kind: Some(spec.kind.clone()),
        model: learned.map(|learned| model(&learned.model)),
        conditions: learned.map(|learned| learned.conditions.clone()).filter(|all| !all.is_empty()),
        guidance: sampled.map(|learned| learned.guidance),
        temperature: sampled.map(|learned| learned.temperature),
        steps: learned.and_then(|learned| learned.steps).map(|steps| steps as u64),
        best_of: sampled.map(|learned| learned.best_of as u64),
        unseen: sampled.map(|learned| learned.unseen),
        fine_tune: sampled.map(|learned| learned.fine_tune),
        weight: Some(spec.weight),
        representation: spec.representation.clone(),
        // Made of TOML when it was checked.
        options: Some(&spec.settings)
            .filter(|settings| !settings.is_empty())
            .and_then(|settings| toml::Table::try_from(settings).ok()),
        command: program.map(|program| program.words().collect()),
        timeout: program.map(|program| program.timeout),
        attempts: program.map(|program| u64::from(program.attempts)),
        ..GeneratorSection::default()
    };
    if !spec.is_genetic() {
        return section;
    }
    let options = &spec.options;
    let crystals = matches!(domain, Domain::Crystal(_));
    let own = |name: &String| !Crystal::REPRESENTATIONS.contains(&name.as_str());
    let built_in = crystals && !spec.representation.as_ref().is_some_and(own);
    let list = |list: &Vec<f64>| (!list.is_empty()).then(|| list.clone());
    GeneratorSection {
        initial: Some(options.initial as u64),
        prototypes: built_in.then_some(options.prototypes),
        newcomers: Some(options.newcomers),
        symprec: built_in.then_some(options.symprec),
        weights: list(&options.weights),
        lighthouse: list(&options.lighthouse),
        screen: Some(options.screen as u64),
        ..section
    }
}

impl From<&RelaxSpec> for RelaxSection {
    fn from(spec: &RelaxSpec) -> Self {
        Self {
            model: Some(spec.model.to_string()),
            fmax: Some(spec.fmax),
            steps: Some(spec.steps as u64),
            symprec: Some(spec.symprec),
            leave_saddles: spec.leave_saddles.then_some(true),
            pressure: (spec.pressure != 0.0).then_some(spec.pressure),
        }
    }
}

impl From<&SecondOpinionSpec> for SecondOpinionSection {
    fn from(spec: &SecondOpinionSpec) -> Self {
        Self {
            model: Some(spec.model.to_string()),
            below: Some(spec.below),
            reference: Some(reference(&spec.reference)),
        }
    }
}

impl From<&TrustLimits> for TrustSection {
    fn from(limits: &TrustLimits) -> Self {
        Self {
            max_force: Some(limits.max_force),
            min_distance_ratio: Some(limits.min_distance_ratio),
            max_moment_ratio: Some(limits.max_moment_ratio),
            below_hull: Some(limits.below_hull),
        }
    }
}

fn with_crystals(shared: CampaignConfig, spec: &CrystalSpec) -> CampaignConfig {
    let space = &spec.space;
    CampaignConfig {
        space: SpaceSection {
            elements: Some(symbols(&space.elements)),
            elements_per_design: range(space.element_count),
            atoms: range(space.atoms),
            space_groups: Some(if space.space_groups.len() == 230 {
                SpaceGroups::All
            } else {
                SpaceGroups::Numbers(space.space_groups.iter().copied().map(u64::from).collect())
            }),
            required: Some(symbols(&space.required)),
            excluded: Some(space.excluded.iter().map(symbols).collect()),
            charge_neutral: Some(space.charge.is_some()),
            metals_alone: space.charge.map(|rules| rules.metals_pass),
        },
        relax: spec.relax.as_ref().map(RelaxSection::from),
        second_opinion: spec.second_opinion.as_ref().map(SecondOpinionSection::from),
        trust: spec.relax.as_ref().map(|_| TrustSection::from(&spec.trust)).unwrap_or_default(),
        checks: ChecksSection {
            min_distance: Some(spec.checks.min_distance),
            min_distance_ratio: Some(spec.checks.min_distance_ratio),
            volume_per_atom: Some(spec.checks.volume_per_atom),
            density: Some(spec.checks.density),
            cell_length: Some(spec.checks.cell_length),
            cell_angle: Some(spec.checks.cell_angle),
        },
        hull: HullSection {
            reference: Some(reference(&spec.hull)),
            precursors: spec.precursors.clone().map(PrecursorSetting::Formulas),
        },
        novelty: NoveltySection {
            reject: Some(spec.reject.iter().map(|verdict| verdict.name().to_owned()).collect()),
            ..shared.novelty
        },
        ..shared
    }
}

fn with_complexes(shared: CampaignConfig, spec: &ComplexSpec) -> CampaignConfig {
    let metals = spec
        .metals
        .iter()
        .map(|(metal, states)| (metal.to_string(), states.iter().map(|&state| i64::from(state)).collect()));
    CampaignConfig {
        complexes: Some(ComplexesSection {
            preset: (spec.preset == Some(Preset::Chromophores)).then(|| "chromophores".to_owned()),
            replace: match &spec.preset {
                Some(Preset::Replace(text)) => Some(text.clone()),
                _ => None,
            },
            metals: Some(metals.collect()),
            geometries: Some(
                spec.geometries.iter().copied().map(Geometry::name).map(str::to_owned).collect(),
            ),
            charge: spec.charge.map(|charge| charge.map(i64::from)),
            electrons: Some(spec.electrons.iter().copied().map(u64::from).collect()),
            atoms: range(spec.atoms),
            donors: Some(symbols(&spec.donors)),
            denticities: numbers(spec.denticities.iter().copied()),
            most_distinct: Some(spec.most_distinct as u64),
            required: Some(spec.required.clone()),
            spin: Some(
                match spec.spin {
                    SpinRule::Lowest => "lowest",
                    SpinRule::Highest => "highest",
                    SpinRule::Any => "any",
                }
                .to_owned(),
            ),
            evolve_ligands: Some(spec.evolve.is_some()),
        }),
        ligands: Some(ligands(&spec.ligands)),
        xtb: spec.xtb.as_ref().map(xtb),
        ..shared
    }
}

fn ligands(sources: &LigandSources) -> LigandsSection {
    let library = |choice: &LibraryChoice| {
        let query = &choice.query;
        LibrarySection {
            most: Some(choice.most as u64),
            denticities: numbers(query.denticities.iter().copied()),
            donors: Some(symbols(&query.donor_elements)),
            charges: Some(query.charges.iter().copied().map(i64::from).collect()),
            atoms: query.max_atoms.map(|atoms| atoms as u64),
            metals: Some(symbols(&query.metals)),
            occurrences: Some(u64::from(query.min_occurrences)),
        }
    };
    LigandsSection {
        builtin: (!sources.builtin.is_empty()).then(|| LigandNames::Names(sources.builtin.clone())),
        library: sources.library.as_ref().map(library),
        files: Some(sources.files.iter().map(reference).collect()),
    }
}

fn xtb(spec: &XtbSpec) -> XtbSection {
    let level = match spec.options.level {
        Level::Crude => "crude",
        Level::Normal => "normal",
        Level::Tight => "tight",
    };
    XtbSection {
        level: Some(level.to_owned()),
        force_field: Some(spec.options.force_field),
        spin_states: Some(spec.options.spin_states),
        fod: Some(spec.options.fod),
        solvent: spec.options.solvent.clone(),
        timeout: Some(spec.timeout),
    }
}
