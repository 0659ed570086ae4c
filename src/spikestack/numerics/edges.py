from collections import namedtuple
import numpy as np
from numba import njit
EXPLICIT=0; ALL_TO_ALL=1
R=namedtuple("R","kind n_pre n_post row_start column")
def explicit(rs,col,n_post): return R(0,len(rs)-1,n_post,rs,col)
def one_to_one(n): return explicit(np.arange(n+1),np.arange(n),n)
def all_to_all(a,b,own): return explicit(np.arange(a+1)*b,np.tile(np.arange(b),a),b)
def fixed_in_degree(k,n_pre,n_post,key,where,own,multapses):
    r=np.random.default_rng(int(key)%2**32); pre=r.integers(0,n_pre,k*n_post); post=np.repeat(np.arange(n_post),k); o=np.argsort(pre,kind='stable')
    return explicit(np.concatenate([[0],np.cumsum(np.bincount(pre,minlength=n_pre))]),post[o],n_post)
def fixed_total_number(n,n_pre,n_post,key,where,own,multapses):
    r=np.random.default_rng(int(key)%2**32); pre=r.integers(0,n_pre,n); post=r.integers(0,n_post,n); o=np.argsort(pre,kind='stable')
    return explicit(np.concatenate([[0],np.cumsum(np.bincount(pre,minlength=n_pre))]),post[o],n_post)
def arguments(r): return (r.row_start,r.column)
def max_row(r): return int(np.diff(r.row_start).max(initial=1))
def expand(r): return r.row_start,r.column,np.arange(len(r.column)).astype(np.uint64)
def in_degree_bound(r): return int(np.bincount(r.column).max(initial=0))
@njit
def fill_row(rs,col,s,t,o):
    c=0
    for e in range(rs[s],rs[s+1]):
        t[c]=col[e]; o[c]=e; c+=1
    return c
