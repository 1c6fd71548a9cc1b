use tandem_corpus::*;
fn main(){
 let a: Vec<u64>=std::env::args().skip(1).map(|x|x.parse().unwrap()).collect();
 for w in Workload::ALL { let t=std::time::Instant::now(); let mut n=0; let mut gas=0; let mut maxgas=0; let mut ok=0;
  for seed in a[0]..a[1] { for f in Fork::ALL { if a.len()>4 && f!=Fork::Osaka {continue} if w==Workload::Delegation && f<Fork::Prague {continue}
   for c in generate(w, seed, GenerateOptions{blocks:a[2] as usize, txs_per_block:a[3] as usize, fork:f, state_root:None}) { let c=match c{Ok(c)=>c,Err(e)=>{println!("{w} {seed} {f}: {e:?}");break}}; n+=c.block.transactions.len(); gas+=c.block.header.gas_used; maxgas=maxgas.max(c.block.header.gas_used); ok+=1; } } }
  let s=t.elapsed().as_secs_f64(); println!("{w:24} blocks {ok} txs {n} {:.0} tx/s gas/tx {} max block gas {maxgas}", n as f64/s, gas/(n as u64).max(1)); } }
